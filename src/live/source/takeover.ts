import type { Clock, Timer } from "../../base/clock.ts";

/** Publishers that may wait for one name; one more is refused at once. */
const MAX_WAITING = 16;
/** What a peer had sent before it was asked for has been read after this. */
const READ_MS = 50;

/** A publisher that waits for a busy name; told once whether it is its own now. */
type Waiting = (won: boolean) => void;

/**
 * Publishers that want a name whose publisher may be half-open: the cable was pulled, and the encoder is back on another
 * connection. Whoever has the name keeps it by any sign of life; without one, the first who waits gets it.
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

  /** Waits `ms` for a sign of life, no longer than those who wait already. False when too many do. */
  join(waiting: Waiting, ms: number): boolean {
    if (this.#waiting.length === MAX_WAITING) return false;
    this.#waiting.push(waiting);
    this.#limit ??= this.#clock.after(ms, () => this.decide());
    return true;
  }

  /** Whether what the name's publisher had sent is still being read. */
  get reading(): boolean {
    return this.#reading !== undefined;
  }

  /** What it had sent is read now, and `done` called then. Before that it is no sign of life: it may end with a goodbye. */
  read(done: () => void): void {
    this.#reading ??= this.#clock.after(READ_MS, () => {
      this.#reading = undefined;
      done();
    });
  }

  /** Waits no longer. */
  leave(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (!this.open) this.#end();
  }

  /** The name's publisher lives. */
  cancel(): void {
    if (this.reading) return;
    for (const waiting of this.#end()) waiting(false);
  }

  /** The name's publisher is gone, or as good as: the first has it, the others wait no longer. */
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
