import { errorLine } from "../app/standard-error.ts";
import { printable, printableLines } from "../base/printable.ts";
import { run } from "./run.ts";
import { writeText } from "./write-text.ts";

/** The error by which the output was lost. */
let lost: string | undefined;

const code = await run(process.argv.slice(2), {
  out: (text) => {
    lost ??= writeText(1, lines(text));
  },
  err: (text) => writeText(2, lines(text)),
  status: process.stderr.isTTY ? showStatus : undefined,
}).catch((error: unknown) => {
  // A bug: the operator can report the stack.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeText(2, lines(errorLine(`srs: internal error: ${text}`)));
  return 70;
});
// A reader that has exited, as in `srs check … | head -1`, has what it wanted: that needs no line.
if (lost !== undefined && lost !== "EPIPE")
  writeText(2, lines(`srs: cannot write the output: ${lost === "ENOSPC" ? "no space left on the disk" : lost}`));
process.exit(code === 0 && lost !== undefined ? 1 : code);

/** The text as whole lines, with escapes for characters that a terminal would obey. */
function lines(text: string): string {
  return printableLines(text.endsWith("\n") ? text : `${text}\n`);
}

/** Replaces the terminal's current line by as much of the text as fits. */
function showStatus(text: string): void {
  writeText(2, `\r${printable(text).slice(0, process.stderr.columns - 1)}\u001b[K`);
}
