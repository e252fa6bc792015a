/** A place among the processes that run, or in the queue for one. */
export interface Place {
  /** The process has ended, or is not wanted any more. */
  leave(): void;
}

/** Lets as many processes run at a time as there may be; others wait for their turn, in their order. */
export class ProcessLimit {
  readonly #max: () => number;
  readonly #running = new Set<Place>();
  readonly #waiting = new Map<Place, (place: Place) => void>();

  constructor(max: () => number) {
    this.#max = max;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls `run` when the process may start: at once, or when another has left. */
  enter(run: (place: Place) => void): Place {
    const place: Place = {
      leave: () => {
        this.#waiting.delete(place);
        if (this.#running.delete(place)) this.admit();
      },
    };
    this.#waiting.set(place, run);
    this.admit();
    return place;
  }

  /** Lets those in for whom there is room now. */
  admit(): void {
    for (const [place, run] of this.#waiting) {
      if (this.#running.size >= this.#max()) return;
      this.#waiting.delete(place);
      this.#running.add(place);
      run(place);
    }
  }
}
