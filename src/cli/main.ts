import { writeSync } from "node:fs";
import { errorLine } from "../app/standard-error.ts";
import { printable, printableLines } from "../base/printable.ts";
import { run } from "./run.ts";

const code = await run(process.argv.slice(2), {
  out: (text) => writeLine(1, text),
  err: (text) => writeLine(2, text),
  status: process.stderr.isTTY ? showStatus : undefined,
}).catch((error: unknown) => {
  // A bug: the operator can report the stack.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeLine(2, errorLine(`srs: internal error: ${text}`));
  return 70;
});
process.exit(code);

/** Writes before it returns, so that no line is lost at the exit. No terminal obeys another server's text. */
function writeLine(file: number, text: string): void {
  write(file, printableLines(text.endsWith("\n") ? text : `${text}\n`));
}

/** Back to the line's start, as much of the text as fits, and the rest of the line cleared. */
function showStatus(text: string): void {
  write(2, `\r${printable(text).slice(0, process.stderr.columns - 1)}\u001b[K`);
}

function write(file: number, text: string): void {
  try {
    writeSync(file, text);
  } catch {
    // The reader has exited, as in `srs check … | head -1`.
  }
}
