import type { Clock } from "./clock.ts";

/** Time that a round takes of one turn of the event loop, ms. */
const TURN_MS = 4;

/** Does the same for each of many items, possibly thousands, in slices that don't delay other work. */
export class Round<T> {
  readonly #clock: Clock;
  readonly #items: Iterable<T>;
  readonly #work: (item: T) => void;
  /** The items that are left; undefined when no round runs. */
  #left: Iterator<T> | undefined;

  /** `items` is a Set, a Map, or reads one: it may change during a round. Removed items are skipped, added ones are included. */
  constructor(clock: Clock, items: Iterable<T>, work: (item: T) => void) {
    this.#clock = clock;
    this.#items = items;
    this.#work = work;
  }

  /** Begins a round, unless the last one still runs. */
  begin(): void {
    if (this.#left !== undefined) return;
    this.#left = this.#items[Symbol.iterator]();
    this.#run(this.#left);
  }

  /** Begins a round at the first item, also when the last one still runs. */
  restart(): void {
    this.stop();
    this.begin();
  }

  /** Ends a round that runs. */
  stop(): void {
    this.#left = undefined;
  }

  #run(left: Iterator<T>): void {
    const until = this.#clock.now() + TURN_MS;
    try {
      do {
        const next = left.next();
        if (next.done === true) this.stop();
        else this.#work(next.value);
      } while (this.#left === left && this.#clock.now() < until);
    } finally {
      // After a failure of one item, too.
      if (this.#left === left)
        this.#clock.soon(() => {
          if (this.#left === left) this.#run(left);
        });
    }
  }
}
