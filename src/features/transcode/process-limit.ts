/** A permit to run a process, or a place among those that wait for one. */
export interface ProcessPermit {
  /** The process has ended, or is no longer needed. */
  release(): void;
}

/** Limits how many processes run at a time; others wait in order. */
export class ProcessLimit {
  readonly #max: () => number;
  readonly #running = new Set<ProcessPermit>();
  readonly #waiting = new Map<ProcessPermit, (permit: ProcessPermit) => void>();

  constructor(max: () => number) {
    this.#max = max;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls `run` when the process may start: at once, or when another one has released its permit. */
  acquire(run: (permit: ProcessPermit) => void): ProcessPermit {
    const permit: ProcessPermit = {
      release: () => {
        this.#waiting.delete(permit);
        if (this.#running.delete(permit)) this.admit();
      },
    };
    this.#waiting.set(permit, run);
    this.admit();
    return permit;
  }

  /** Starts waiting processes, up to the limit. */
  admit(): void {
    for (const [permit, run] of this.#waiting) {
      if (this.#running.size >= this.#max()) return;
      this.#waiting.delete(permit);
      this.#running.add(permit);
      run(permit);
    }
  }
}
