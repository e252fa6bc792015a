import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { printable } from "../../base/printable.ts";

/** Maximum number of logged lines of one group in a period; further lines are counted. */
const MAX_LINES = 10;
const PERIOD_MS = 60_000;

/** Logs the messages of all FFmpeg processes of a group, a few in a minute. */
export class MessageLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #fields: Readonly<Record<string, string>>;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #last = "";

  constructor(clock: Clock, log: Log, fields: Readonly<Record<string, string>>) {
    this.#clock = clock;
    this.#log = log;
    this.#fields = fields;
  }

  add(line: string): void {
    const now = this.#clock.now();
    if (now - this.#since >= PERIOD_MS) this.#begin(now);
    if (++this.#lines > MAX_LINES) return;
    const text = printable(line);
    if (text !== this.#last) this.#log.warn("ffmpeg says", { ...this.#fields, text });
    this.#last = text;
  }

  /** FFmpeg has ended: logs how many lines were left out. The period continues, so that restarts don't fill the log. */
  end(): void {
    if (this.#lines <= MAX_LINES) return;
    this.#log.warn("ffmpeg says more", { ...this.#fields, lines_left_out: this.#lines - MAX_LINES });
    this.#lines = MAX_LINES;
  }

  #begin(now: number): void {
    this.end();
    this.#since = now;
    this.#lines = 0;
    this.#last = "";
  }
}
