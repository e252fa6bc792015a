import { isJournal } from "../io/log/line-output.ts";

/** A line of standard error, with the priority of an error in front if the journal reads it. */
export function errorLine(line: string): string {
  return isJournal(2, process.env.JOURNAL_STREAM) ? `<3>${line}` : line;
}
