import type { Clock, Timer } from "../../base/clock.ts";

/** How often it is looked who has waited for too long, ms. */
const SWEEP_MS = 1000;
/** Answers that are given in one turn of the event loop: thousands at once would hold up everything else. */
const MAX_A_TURN = 200;

/** What a blocked request waits for: a segment of the list, or one of its parts. */
export interface ListPosition {
  /** Media sequence number. */
  readonly msn: number;
  /** Index of the part; undefined: the whole segment. */
  readonly part: number | undefined;
}

/** What has become of a blocked request. */
export type BlockedResult = "there" | "late";

/** Who has made a blocked request. There are thousands at a time: an object with a method is smaller than functions that remember. */
export interface BlockedOwner {
  /** It waits no more. Called once, unless the request is removed before. */
  unblocked(result: BlockedResult): void;
}

/** A blocked request. */
export interface Blocked extends ListPosition {
  /** Monotonic ms. */
  readonly until: number;
  readonly owner: BlockedOwner;
}

/** The requests of one stream that wait for what is not in its list so far. Each costs one small object. */
export class BlockedRequests {
  readonly #clock: Clock;
  readonly #all = new Set<Blocked>();
  #sweeping: Timer | undefined;
  #releasing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Tells its owner when `release` finds the position in the list, or after `maxMs`. */
  add({ msn, part }: ListPosition, maxMs: number, owner: BlockedOwner): Blocked {
    const blocked: Blocked = { msn, part, until: this.#clock.now() + maxMs, owner };
    this.#all.add(blocked);
    this.#sweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweep());
    return blocked;
  }

  /** Its owner is told nothing any more. */
  remove(blocked: Blocked): void {
    this.#all.delete(blocked);
    if (this.#all.size > 0) return;
    this.#sweeping?.cancel();
    this.#sweeping = undefined;
  }

  /** The list says more: those whose positions are in it now are told, a number of them in each turn. */
  release(isThere: (position: ListPosition) => boolean): void {
    if (this.#releasing) return;
    let told = 0;
    for (const blocked of this.#all) {
      if (!isThere(blocked)) continue;
      if (told++ === MAX_A_TURN) {
        this.#releasing = true;
        this.#clock.soon(() => {
          this.#releasing = false;
          this.release(isThere);
        });
        return;
      }
      this.remove(blocked);
      blocked.owner.unblocked("there");
    }
  }

  /** Nothing more can be waited for. */
  end(): void {
    for (const blocked of [...this.#all]) {
      this.remove(blocked);
      blocked.owner.unblocked("late");
    }
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const blocked of this.#all) {
      if (blocked.until > now) continue;
      this.remove(blocked);
      blocked.owner.unblocked("late");
    }
  }
}
