// Hot: read and written for each packet.

/**
 * Packets by the low bits of their sequence number. Typed arrays, not objects: objects that live for a GOP survive the
 * collector's quick rounds.
 */
export class Ring {
  readonly mask: number;
  readonly kinds: Uint8Array;
  readonly flags: Uint8Array;
  readonly tracks: Uint8Array;
  readonly times: Float64Array;
  readonly slabs: (Uint8Array | undefined)[];
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;

  /** `capacity` is a power of two. */
  constructor(capacity: number) {
    this.mask = capacity - 1;
    this.kinds = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.tracks = new Uint8Array(capacity);
    this.times = new Float64Array(capacity);
    this.slabs = new Array(capacity).fill(undefined);
    this.offsets = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
  }

  /** Copies packets [start, end) from another ring. */
  copy(from: Ring, start: number, end: number): void {
    for (let seq = start; seq < end; seq++) {
      const [at, to] = [seq & from.mask, seq & this.mask];
      this.kinds[to] = from.kinds[at] as number;
      this.flags[to] = from.flags[at] as number;
      this.tracks[to] = from.tracks[at] as number;
      this.times[to] = from.times[at] as number;
      this.slabs[to] = from.slabs[at];
      this.offsets[to] = from.offsets[at] as number;
      this.lengths[to] = from.lengths[at] as number;
    }
  }
}
