// Hot: append and at run for each packet of each stream.
import type { Packet } from "../media/packet.ts";

const FIRST_CAPACITY = 64;

/**
 * A stream's packets in order, each with a sequence number that never changes. Readers hold numbers, not packets.
 * A ring that grows by doubling; what nobody needs any longer is dropped from its start.
 */
export class PacketLog {
  #ring: (Packet | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #mask = FIRST_CAPACITY - 1;
  #start = 0;
  #end = 0;
  #bytes = 0;

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

  /** Adds a packet and returns its sequence number. */
  append(packet: Packet): number {
    if (this.#end - this.#start > this.#mask) this.#grow();
    this.#ring[this.#end & this.#mask] = packet;
    this.#bytes += packet.payload.length;
    return this.#end++;
  }

  /** The packet at a position in [start, end); anything else is a fault of the caller's. */
  at(seq: number): Packet {
    const packet = seq >= this.#start && seq < this.#end ? this.#ring[seq & this.#mask] : undefined;
    if (packet === undefined) throw new RangeError(`packet ${seq} is not in the log [${this.#start}, ${this.#end})`);
    return packet;
  }

  /** Forgets every packet before `seq`. */
  dropUntil(seq: number): void {
    const to = Math.min(seq, this.#end);
    while (this.#start < to) {
      const slot = this.#start & this.#mask;
      this.#bytes -= this.#ring[slot]?.payload.length ?? 0;
      this.#ring[slot] = undefined;
      this.#start++;
    }
    if (this.#start === this.#end && this.#mask >= FIRST_CAPACITY * 16) this.#shrink();
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const ring: (Packet | undefined)[] = new Array(capacity).fill(undefined);
    for (let seq = this.#start; seq < this.#end; seq++) ring[seq & (capacity - 1)] = this.#ring[seq & this.#mask];
    this.#ring = ring;
    this.#mask = capacity - 1;
  }

  #shrink(): void {
    this.#ring = new Array(FIRST_CAPACITY).fill(undefined);
    this.#mask = FIRST_CAPACITY - 1;
  }
}
