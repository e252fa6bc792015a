/** Columns of a chart: times in seconds, then the values of each line; null for unknown values. */
export type Columns = [number[], ...(number | null)[][]];

/** If a sample is this much older than the last one, s, the clock was set back. */
const SET_BACK = 5;

/** The last samples of some numbers, oldest first. Memory is bounded by `capacity`. */
export class History {
  readonly #capacity: number;
  readonly #columns: Columns;

  /** `lines`: how many numbers a sample has. */
  constructor(lines: number, capacity: number) {
    this.#capacity = capacity;
    this.#columns = [[], ...Array.from({ length: lines }, () => [])];
  }

  /** `at`: Unix ms. A sample that is not newer than the last one is ignored; after the clock was set back, the history begins anew. */
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

/** Bitrate, kbit/s, of a growing byte counter, over the time between two answers. */
export class ByteRate {
  #at = 0;
  #bytes = 0;

  /** The bitrate since the last answer; null for the first one, and if the counter was reset. */
  next(at: number, bytes: number): number | null {
    const [ms, more] = [at - this.#at, bytes - this.#bytes];
    const isKnown = this.#at > 0 && ms > 0 && more >= 0;
    [this.#at, this.#bytes] = [at, bytes];
    return isKnown ? (more * 8) / ms : null;
  }
}

/** Values by name, with a maximum number; the least recently used are removed first. */
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
