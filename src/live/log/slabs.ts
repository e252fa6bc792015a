// Hot: store runs for each packet of each stream.
import type { Clock, Timer } from "../../base/clock.ts";
import { freeBuffer } from "../../base/memory.ts";

/** Slabs have sizes of powers of two: a stream's first this many, the others between these. */
const FIRST_SLAB_BYTES = 8 * 1024;
const MIN_SLAB_BYTES = 16 * 1024;
const MAX_SLAB_BYTES = 256 * 1024;
/**
 * A stream's memory is in at least this many slabs, where they may be so small: one of them is not full yet, and one no longer
 * needed as a whole. In no more than twice as many: the end of each stays empty.
 */
const SLABS_EACH = 8;
/** Memory that no stream has needed for so long is given back. */
const TRIM_MS = 10_000;

type Slab = Uint8Array<ArrayBuffer>;

const NOTHING: Slab = new Uint8Array(0);

/** Slabs of one size that nobody uses. */
interface Shelf {
  readonly free: Slab[];
  /** How many were free at the least since the last trim. */
  spare: number;
}

/**
 * Memory for the payloads of all streams, used again and again. Left to the collector, what lives for a GOP costs a page fault
 * for each 4 KiB, and the memory of three GOPs.
 */
export class SlabPool {
  readonly #shelves = new Map<number, Shelf>();
  readonly #clock: Pick<Clock, "after">;
  #trimming: Timer | undefined;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Bytes that nobody uses. */
  get spareBytes(): number {
    let sum = 0;
    for (const [size, { free }] of this.#shelves) sum += size * free.length;
    return sum;
  }

  /** A slab of so many bytes, not cleared. */
  take(bytes: number): Slab {
    const shelf = this.#shelves.get(bytes);
    const slab = shelf?.free.pop();
    if (shelf === undefined || slab === undefined) return new Uint8Array(bytes);
    if (shelf.free.length < shelf.spare) shelf.spare = shelf.free.length;
    return slab;
  }

  /** Takes a slab back that nobody looks at any more. */
  give(slab: Slab): void {
    const shelf = this.#shelves.get(slab.length);
    if (shelf === undefined) this.#shelves.set(slab.length, { free: [slab], spare: 0 });
    else shelf.free.push(slab);
    this.#trimming ??= this.#clock.after(TRIM_MS, () => this.#trim());
  }

  #trim(): void {
    this.#trimming = undefined;
    for (const [size, shelf] of this.#shelves) {
      for (const slab of shelf.free.splice(0, shelf.spare)) freeBuffer(slab);
      shelf.spare = shelf.free.length;
      if (shelf.spare === 0) this.#shelves.delete(size);
    }
    if (this.#shelves.size > 0) this.#trimming = this.#clock.after(TRIM_MS, () => this.#trim());
  }
}

/** A slab that is full, or has one large payload alone, and the packet after its last. */
interface Filled {
  readonly slab: Slab;
  readonly alone: boolean;
  readonly end: number;
}

/** The payloads of one log's packets, in their order; memory is free again when its last packet is. */
export class Slabs {
  /** Where the newest payload is. */
  slab: Slab = NOTHING;
  offset = 0;
  readonly #pool: SlabPool;
  /** Oldest first. */
  readonly #filled: Filled[] = [];
  #current: Slab = NOTHING;
  #used = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /**
   * Copies a payload to `slab`, where it lasts until packet `seq` is released. Packets come in order; `held` is the bytes of
   * those before it.
   */
  store(payload: Uint8Array, seq: number, held: number): void {
    const { length } = payload;
    if (this.#used + length > this.#current.length) {
      if (length > MAX_SLAB_BYTES / 2) {
        this.#storeAlone(payload, seq);
        return;
      }
      this.#next(length, seq, held);
    }
    this.slab = this.#current;
    this.offset = this.#used;
    this.slab.set(payload, this.#used);
    this.#used += length;
  }

  /** Packets before `start` are gone, of those before `end`. */
  release(start: number, end: number): void {
    for (let first = this.#filled[0]; first !== undefined && first.end <= start; first = this.#filled[0]) {
      this.#filled.shift();
      if (first.alone) freeBuffer(first.slab);
      else this.#pool.give(first.slab);
    }
    if (start === end) this.#used = 0;
  }

  /** All packets before `end` are gone, and no more will come soon: all of the memory goes back. */
  clear(end: number): void {
    this.release(end, end);
    if (this.#current.length > 0) this.#pool.give(this.#current);
    this.#current = NOTHING;
    this.slab = NOTHING;
  }

  #storeAlone(payload: Uint8Array, seq: number): void {
    const slab = new Uint8Array(payload);
    this.#filled.push({ slab, alone: true, end: seq + 1 });
    this.slab = slab;
    this.offset = 0;
  }

  #next(length: number, seq: number, held: number): void {
    if (this.#current.length > 0) this.#filled.push({ slab: this.#current, alone: false, end: seq });
    // A stream that has one slab's worth needs more; many never do.
    let size = held < FIRST_SLAB_BYTES ? FIRST_SLAB_BYTES : MIN_SLAB_BYTES;
    while (size < MAX_SLAB_BYTES && (size < length || 2 * size * SLABS_EACH <= held)) size *= 2;
    this.#current = this.#pool.take(size);
    this.#used = 0;
  }
}
