/** Columns of a chart: times in seconds, then a line of values each; null where nothing is known. */
export type Columns = [number[], ...(number | null)[][]];

/** A sample that is this much older than the last one, s, is of a clock that was set back. */
const SET_BACK = 5;

/** The last samples of some numbers, oldest first. Memory is bounded by `capacity`. */
export class History {
  readonly #capacity: number;
  readonly #columns: Columns;

  /** `lines`: numbers of each sample. */
  constructor(lines: number, capacity: number) {
    this.#capacity = capacity;
    this.#columns = [[], ...Array.from({ length: lines }, () => [])];
  }

  /** `at`: Unix ms. A sample that is no newer than the last one is left out; after a clock was set back, all begins anew. */
  add(at: number, values: readonly (number | null)[]): void {
    const [times, ...lines] = this.#columns;
    if (at / 1000 < (times.at(-1) ?? 0) - SET_BACK) for (const column of this.#columns) column.length = 0;
    if (at / 1000 <= (times.at(-1) ?? 0)) return;
    times.push(at / 1000);
    for (const [index, line] of lines.entries()) line.push(values[index] ?? null);
    if (times.length > this.#capacity) for (const column of this.#columns) column.shift();
  }

  get columns(): Columns {
    return this.#columns;
  }

  get size(): number {
    return this.#columns[0].length;
  }
}

/** A rate of numbers that only grow, kbit/s: over the time between two answers. */
export class ByteRate {
  #at = 0;
  #bytes = 0;

  /** Null for the first answer, and when the counter has begun anew. */
  next(at: number, bytes: number): number | null {
    const [ms, more] = [at - this.#at, bytes - this.#bytes];
    const isKnown = this.#at > 0 && ms > 0 && more >= 0;
    [this.#at, this.#bytes] = [at, bytes];
    return isKnown ? (more * 8) / ms : null;
  }
}

/** Things by name, of which those that were not used for longest are forgotten. */
export class Kept<T> {
  readonly #capacity: number;
  readonly #make: () => T;
  readonly #items = new Map<string, T>();

  constructor(capacity: number, make: () => T) {
    this.#capacity = capacity;
    this.#make = make;
  }

  of(name: string): T {
    const item = this.#items.get(name) ?? this.#make();
    this.#items.delete(name);
    this.#items.set(name, item);
    for (const oldest of this.#items.keys()) {
      if (this.#items.size <= this.#capacity) break;
      this.#items.delete(oldest);
    }
    return item;
  }

  get size(): number {
    return this.#items.size;
  }
}
