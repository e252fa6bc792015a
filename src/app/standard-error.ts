import { isJournal } from "../io/log/line-output.ts";

/** A line of standard error as the journal wants it, if that is where it goes: an error, by the priority in front. */
export function errorLine(line: string): string {
  return isJournal(2, process.env.JOURNAL_STREAM) ? `<3>${line}` : line;
}
