import type { Clock, Timer } from "../../base/clock.ts";
import { Round } from "../../base/round.ts";

/** Interval at which requests that have waited too long are answered, ms. */
const SWEEP_MS = 1000;
/** Maximum number of answers in one turn of the event loop: thousands at once would delay everything else. */
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

/** The maker of a blocked request: an object with a method, as there are thousands at a time and closures are larger. */
export interface BlockedOwner {
  /** The request waits no more. Called once, unless the request is removed before. */
  unblocked(result: BlockedResult): void;
}

/** A blocked request. */
export interface Blocked extends ListPosition {
  /** When the request is late, monotonic ms. */
  readonly until: number;
  readonly owner: BlockedOwner;
}

/** The requests of one stream that wait for positions that its list does not have yet. Each costs one small object. */
export class BlockedRequests {
  readonly #clock: Clock;
  readonly #all = new Set<Blocked>();
  #sweeping: Timer | undefined;
  readonly #sweeps: Round<Blocked>;
  #releasing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweeps = new Round(clock, this.#all, (blocked) => {
      if (blocked.until <= clock.now()) this.#late(blocked);
    });
  }

  get size(): number {
    return this.#all.size;
  }

  /** Notifies `owner` when `release` finds the position in the list, or after `maxMs`. */
  add({ msn, part }: ListPosition, maxMs: number, owner: BlockedOwner): Blocked {
    const blocked: Blocked = { msn, part, until: this.#clock.now() + maxMs, owner };
    this.#all.add(blocked);
    this.#sweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweeps.begin());
    return blocked;
  }

  /** The request's owner is not notified any more. */
  remove(blocked: Blocked): void {
    this.#all.delete(blocked);
    if (this.#all.size > 0) return;
    this.#sweeping?.cancel();
    this.#sweeping = undefined;
  }

  /** The list has grown: notifies owners whose positions are in it now, `MAX_A_TURN` of them in each turn. */
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

  /** The list is closed: all requests are late. */
  end(): void {
    new Round(this.#clock, this.#all, (blocked) => this.#late(blocked)).begin();
  }

  #late(blocked: Blocked): void {
    this.remove(blocked);
    blocked.owner.unblocked("late");
  }
}
