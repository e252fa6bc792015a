// Hot: append runs for each packet of each stream, cursor for each flush.
import { Packet, type PacketKind } from "../../media/packet.ts";
import type { PacketCursor, PacketSource } from "../../media/packet-cursor.ts";
import { LogCursor } from "./cursor.ts";
import { Ring } from "./ring.ts";
import { type SlabPool, Slabs } from "./slabs.ts";

const FIRST_CAPACITY = 64;

/**
 * A stream's packets in order, each with a sequence number that never changes. Readers hold numbers, not packets: a payload's
 * memory is used again once its packet is dropped. The log is a ring that grows by doubling; packets that nobody needs are dropped
 * from its start.
 */
export class PacketLog implements PacketSource {
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
   * The packet at a position in [start, end); another position is the caller's fault. Its payload is lent until the packet is
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

  /**
   * The packets in [from, to), which must lie in [start, end); another range is the caller's fault. Valid until the log changes.
   */
  cursor(from: number, to: number): PacketCursor {
    if (from >= to) return new LogCursor(undefined, from, to);
    this.#holding(to - 1);
    return new LogCursor(this.#holding(from), from, to);
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

  /** Drops every packet and frees the memory reserved for more. */
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
