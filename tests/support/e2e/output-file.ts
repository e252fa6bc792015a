import { closeSync, openSync, readSync } from "node:fs";

/**
 * A file that a child writes one of its outputs to, read line by line. Of thousands of pipes that the runtime reads for a
 * test run, one now and then falls silent for ever though its child goes on writing; a file does not.
 */
export class OutputFile {
  readonly #file: number;
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(64 * 1024);
  #at = 0;
  #rest = "";
  #open = true;

  constructor(path: string) {
    this.#file = openSync(path, "a+");
  }

  /** What the child gets as its descriptor. */
  get descriptor(): number {
    return this.#file;
  }

  /** Calls `onLine` with each line that has come since the last time; at the `end` with the unfinished last one, too. */
  read(onLine: (line: string) => void, end: boolean): void {
    if (!this.#open) return;
    for (;;) {
      const count = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#at);
      if (count === 0) break;
      this.#at += count;
      const lines = (this.#rest + this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true })).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    }
    if (!end || this.#rest === "") return;
    onLine(this.#rest);
    this.#rest = "";
  }

  close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }
}
