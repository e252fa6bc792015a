/** A dial that waits to proceed. One of the two is called, once, perhaps within `acquire`. */
export interface DialWaiter {
  admitted(): void;
  /** The dials under way have found that no connection succeeds. */
  rejected(reason: string): void;
}

/** Limits concurrent dials, in order: a server that comes back is not dialled by all relays at once. */
export class DialLimiter {
  readonly #limit: () => number;
  readonly #queue = new Set<DialWaiter>();
  #taken = 0;

  /** `limit` may change at any time. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Admits `waiter` as soon as there is room; the returned `release` frees its permit, or gives up waiting. */
  acquire(waiter: DialWaiter): { release(): void } {
    let inside = false;
    let gone = false;
    const ticket = {
      admitted: () => {
        inside = true;
        this.#taken++;
        waiter.admitted();
      },
      rejected: (reason: string) => {
        gone = true;
        waiter.rejected(reason);
      },
    };
    this.#queue.add(ticket);
    this.#admit();
    return {
      release: () => {
        if (gone) return;
        gone = true;
        this.#queue.delete(ticket);
        if (!inside) return;
        this.#taken--;
        this.#admit();
      },
    };
  }

  /** Rejects all that wait. */
  rejectAll(reason: string): void {
    const waiting = [...this.#queue];
    this.#queue.clear();
    for (const waiter of waiting) waiter.rejected(reason);
  }

  #admit(): void {
    for (const waiter of this.#queue) {
      if (this.#taken >= this.#limit()) return;
      this.#queue.delete(waiter);
      waiter.admitted();
    }
  }
}
