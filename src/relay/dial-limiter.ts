/** A dial that waits to proceed. One of the two is called, once, perhaps within `enter`. */
export interface Entrant {
  enter(): void;
  /** The dials under way have found that no connection succeeds. */
  rejected(reason: string): void;
}

/** Limits concurrent dials, in order: a server that comes back is not dialled by all relays at once. */
export class DialLimiter {
  readonly #limit: () => number;
  readonly #queue = new Set<Entrant>();
  #taken = 0;

  /** `limit` may change at any time. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Admits `entrant` as soon as there is room; the returned `leave` frees its place, or gives up waiting. */
  enter(entrant: Entrant): { leave(): void } {
    let inside = false;
    let gone = false;
    const ticket = {
      enter: () => {
        inside = true;
        this.#taken++;
        entrant.enter();
      },
      rejected: (reason: string) => {
        gone = true;
        entrant.rejected(reason);
      },
    };
    this.#queue.add(ticket);
    this.#admit();
    return {
      leave: () => {
        if (gone) return;
        gone = true;
        this.#queue.delete(ticket);
        if (!inside) return;
        this.#taken--;
        this.#admit();
      },
    };
  }

  /** Turns away all who wait. */
  turnAway(reason: string): void {
    const waiting = [...this.#queue];
    this.#queue.clear();
    for (const entrant of waiting) entrant.rejected(reason);
  }

  #admit(): void {
    for (const entrant of this.#queue) {
      if (this.#taken >= this.#limit()) return;
      this.#queue.delete(entrant);
      entrant.enter();
    }
  }
}
