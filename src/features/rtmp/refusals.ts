import { formatHostPort, type HostPort } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";

/** So many lines, then one for all others, in each of these times. */
const LINES = 10;
const WINDOW_MS = 10_000;

/** Logs connections that ended before RTMP began on them: each of them, unless there are many. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  add(peer: HostPort, error: string): void {
    this.tick();
    if (this.#count === 0) this.#since = this.#clock.now();
    this.#count++;
    if (this.#count <= LINES) this.#log.warn("connection refused", { addr: formatHostPort(peer), error });
  }

  /** Tells of those that were left out, once their time is over; called about once a second. */
  tick(): void {
    if (this.#clock.now() - this.#since < WINDOW_MS) return;
    if (this.#count > LINES) this.#log.warn("more connections refused", { refused: this.#count - LINES });
    this.#count = 0;
  }
}
