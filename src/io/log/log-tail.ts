import type { LineTail, LogLevel } from "./log.ts";

/** A line of the log as it was written. */
export interface WrittenLine {
  /** Counts all lines from 1 on. */
  readonly number: number;
  /** Unix ms. */
  readonly time: number;
  readonly level: LogLevel;
  readonly line: string;
}

/** The last lines of the log, for operators who can't reach its file. Each line has a bounded length (`log-line`). */
export class LogTail implements LineTail {
  readonly #capacity: number;
  readonly #lines: WrittenLine[] = [];
  #count = 0;

  /** `capacity`: lines that are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(time: number, level: LogLevel, line: string): void {
    this.#lines[this.#count % this.#capacity] = { number: ++this.#count, time, level, line };
  }

  /** The kept lines after the one with this number, oldest first. A number not reached yet is from an earlier process: returns all. */
  after(number: number): readonly WrittenLine[] {
    const oldest = Math.max(0, this.#count - this.#capacity);
    const first = number > this.#count ? oldest : Math.max(oldest, number);
    const lines: WrittenLine[] = [];
    for (let at = first; at < this.#count; at++) {
      const line = this.#lines[at % this.#capacity];
      if (line !== undefined) lines.push(line);
    }
    return lines;
  }
}
