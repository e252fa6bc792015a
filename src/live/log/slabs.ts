// Hot: store runs for each packet of each stream.
import type { Clock, Timer } from "../../base/clock.ts";
import { freeBuffer } from "../../base/memory.ts";

/** Slab sizes are powers of two: a stream's first slab has the first of these sizes, later ones lie between the other two. */
const FIRST_SLAB_BYTES = 8 * 1024;
const MIN_SLAB_BYTES = 16 * 1024;
const MAX_SLAB_BYTES = 256 * 1024;
/**
 * Slab sizes grow with a stream, so that its payloads fill between this many and twice as many slabs. With fewer slabs, the newest
 * (not full yet) and the oldest (partly dropped) waste more memory; with more, the unused ends of all slabs do.
 */
const SLABS_EACH = 8;
/** A slab that no stream has used for this long is freed. */
const TRIM_MS = 10_000;

type Slab = Uint8Array<ArrayBuffer>;

const NOTHING: Slab = new Uint8Array(0);

/** Slabs of one size that nobody uses. */
interface Shelf {
  readonly free: Slab[];
  /** The smallest number of free slabs since the last trim. */
  spare: number;
}

/**
 * Pooled memory for the payloads of all streams. Payloads live for a GOP: left to the garbage collector, they would cost a page
 * fault for each 4 KiB and the memory of three GOPs.
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

  /** A slab of this many bytes, not cleared. */
  take(bytes: number): Slab {
    const shelf = this.#shelves.get(bytes);
    const slab = shelf?.free.pop();
    if (shelf === undefined || slab === undefined) return new Uint8Array(bytes);
    if (shelf.free.length < shelf.spare) shelf.spare = shelf.free.length;
    return slab;
  }

  /** Returns a slab that nothing refers to any more. */
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

/** A slab that is full, or holds one large payload alone; `end` is the sequence number after its last packet. */
interface Filled {
  readonly slab: Slab;
  readonly alone: boolean;
  readonly end: number;
}

/** The payloads of one log's packets, in order; a slab is freed when its last packet is dropped. */
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
   * Copies a payload to `slab`, where it lasts until packet `seq` is released. Packets come in order; `held` is the payload bytes
   * that the log has before this packet.
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

  /** Releases the packets before `start`; `end` is the end of the log. */
  release(start: number, end: number): void {
    for (let first = this.#filled[0]; first !== undefined && first.end <= start; first = this.#filled[0]) {
      this.#filled.shift();
      if (first.alone) freeBuffer(first.slab);
      else this.#pool.give(first.slab);
    }
    if (start === end) this.#used = 0;
  }

  /** Releases all packets before `end`, and all memory, as the stream has stopped. */
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
    // A stream that has filled one slab needs larger ones; many streams never do.
    let size = held < FIRST_SLAB_BYTES ? FIRST_SLAB_BYTES : MIN_SLAB_BYTES;
    while (size < MAX_SLAB_BYTES && (size < length || 2 * size * SLABS_EACH <= held)) size *= 2;
    this.#current = this.#pool.take(size);
    this.#used = 0;
  }
}
