// Hot: append runs for each packet of each stream, at for each packet of each flush.
import { Packet, type PacketKind } from "../../media/packet.ts";
import { type SlabPool, Slabs } from "./slabs.ts";

const FIRST_CAPACITY = 64;

/** Packets by their number's low bits. No objects: what lives for a GOP would outlive the collector's quick rounds. */
class Ring {
  readonly mask: number;
  readonly kinds: Uint8Array;
  readonly flags: Uint8Array;
  readonly tracks: Uint8Array;
  readonly times: Float64Array;
  readonly slabs: (Uint8Array | undefined)[];
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;

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

  /** Takes packets [start, end) over. */
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

/**
 * A stream's packets in order, each with a sequence number that never changes. Readers hold numbers, not packets: a payload's
 * memory is used again once its packet is dropped. A ring that grows by doubling; what nobody needs any longer is dropped from
 * its start.
 */
export class PacketLog {
  #ring: Ring | undefined;
  #start = 0;
  #end = 0;
  #bytes = 0;
  readonly #slabs: Slabs;

  constructor(pool: SlabPool) {
    this.#slabs = new Slabs(pool);
  }

  /** Sequence number of the oldest packet held. */
  get start(): number {
    return this.#start;
  }

  /** Sequence number that the next packet will have. */
  get end(): number {
    return this.#end;
  }

  /** Payload bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a packet, with a copy of its payload, and returns its sequence number. */
  append(kind: PacketKind, time: number, payload: Uint8Array, flags: number, track: number): number {
    const ring = this.#room();
    const slabs = this.#slabs;
    const seq = this.#end++;
    const at = seq & ring.mask;
    slabs.store(payload, seq, this.#bytes);
    ring.kinds[at] = kind;
    ring.flags[at] = flags;
    ring.tracks[at] = track;
    ring.times[at] = time;
    ring.slabs[at] = slabs.slab;
    ring.offsets[at] = slabs.offset;
    ring.lengths[at] = payload.length;
    this.#bytes += payload.length;
    return seq;
  }

  /**
   * The packet at a position in [start, end); anything else is a fault of the caller's. Its payload is lent until the packet is
   * dropped.
   */
  at(seq: number): Packet {
    const ring = this.#holding(seq);
    const at = seq & ring.mask;
    const slab = ring.slabs[at] as Uint8Array;
    const payload = new Uint8Array(slab.buffer, ring.offsets[at], ring.lengths[at]);
    return new Packet(
      ring.kinds[at] as PacketKind,
      ring.times[at] as number,
      payload,
      ring.flags[at] as number,
      ring.tracks[at] as number,
    );
  }

  /** The kind of the packet at a position in [start, end). */
  kindAt(seq: number): PacketKind {
    const ring = this.#holding(seq);
    return ring.kinds[seq & ring.mask] as PacketKind;
  }

  /** The time of the packet at a position in [start, end), ms. */
  timeAt(seq: number): number {
    const ring = this.#holding(seq);
    return ring.times[seq & ring.mask] as number;
  }

  /** Payload bytes of the packet at a position in [start, end). */
  bytesAt(seq: number): number {
    const ring = this.#holding(seq);
    return ring.lengths[seq & ring.mask] as number;
  }

  /** Forgets every packet before `seq`. */
  dropUntil(seq: number): void {
    const ring = this.#ring;
    const to = Math.min(seq, this.#end);
    if (ring === undefined || to <= this.#start) return;
    for (; this.#start < to; this.#start++) {
      const at = this.#start & ring.mask;
      this.#bytes -= ring.lengths[at] as number;
      ring.slabs[at] = undefined;
    }
    this.#slabs.release(to, this.#end);
    if (to === this.#end && ring.mask >= FIRST_CAPACITY * 16) this.#ring = undefined;
  }

  /** Forgets every packet, and gives back the memory that more of them would take. */
  clear(): void {
    this.dropUntil(this.#end);
    this.#slabs.clear(this.#end);
    this.#ring = undefined;
  }

  #holding(seq: number): Ring {
    const ring = this.#ring;
    if (ring === undefined || !(seq >= this.#start && seq < this.#end && Number.isInteger(seq)))
      throw new RangeError(`packet ${seq} is not in the log [${this.#start}, ${this.#end})`);
    return ring;
  }

  #room(): Ring {
    const ring = this.#ring;
    if (ring !== undefined && this.#end - this.#start <= ring.mask) return ring;
    const larger = new Ring(ring === undefined ? FIRST_CAPACITY : 2 * (ring.mask + 1));
    if (ring !== undefined) larger.copy(ring, this.#start, this.#end);
    this.#ring = larger;
    return larger;
  }
}
