import type { Clock, Timer } from "../../base/clock.ts";

/** Publishers that may wait for one name; others are refused at once. */
const MAX_WAITING = 16;
/** After this time, input that the peer sent before the request has been read. */
const READ_MS = 50;

/** A publisher that waits for a busy name; called once, with whether it gets the name. */
type Waiting = (won: boolean) => void;

/**
 * Publishers that want a name whose publisher may be half-open: the cable was pulled, and the encoder is back on another
 * connection. The old publisher keeps the name if it sends anything; otherwise the first that waits gets it.
 */
export class PublishTakeover {
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #limit: Timer | undefined;
  #reading: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get open(): boolean {
    return this.#waiting.length > 0;
  }

  /** Waits `ms` for a sign of life; those that wait already keep their deadline. False when too many wait. */
  join(waiting: Waiting, ms: number): boolean {
    if (this.#waiting.length === MAX_WAITING) return false;
    this.#waiting.push(waiting);
    this.#limit ??= this.#clock.after(ms, () => this.decide());
    return true;
  }

  /** Whether earlier input of the name's publisher is still being read. */
  get reading(): boolean {
    return this.#reading !== undefined;
  }

  /** Waits until earlier input has been read, then calls `done`. That input is no sign of life: it may end with an unpublish. */
  read(done: () => void): void {
    this.#reading ??= this.#clock.after(READ_MS, () => {
      this.#reading = undefined;
      done();
    });
  }

  /** Stops waiting. */
  leave(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (!this.open) this.#end();
  }

  /** The name's publisher is alive. */
  cancel(): void {
    if (this.reading) return;
    for (const waiting of this.#end()) waiting(false);
  }

  /** The name's publisher is gone or silent: the first that waits gets the name, the others are refused. */
  decide(): void {
    for (const [at, waiting] of this.#end().entries()) waiting(at === 0);
  }

  #end(): Waiting[] {
    this.#limit?.cancel();
    this.#limit = undefined;
    this.#reading?.cancel();
    this.#reading = undefined;
    return this.#waiting.splice(0);
  }
}
