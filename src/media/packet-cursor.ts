// Hot: next runs twice for each packet of each flush, once to size it and once to write it.
import { type Packet, PacketKind } from "./packet.ts";

/**
 * Goes through packets without an object for each: `next` puts one packet into the fields. The payload is `length` bytes of `bytes`
 * from `offset` on, lent until the packets' owner drops the packet.
 */
export interface PacketCursor {
  readonly kind: PacketKind;
  /** As `Packet.time`, ms. */
  readonly time: number;
  /** `PacketFlag` bits. */
  readonly flags: number;
  readonly track: number;
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
  /** Goes on to the next packet, at first to the first one; false when there is none. */
  next(): boolean;
  /** Begins anew, before the first packet. */
  rewind(): void;
}

/** Gives wire formats packets by sequence number. */
export interface PacketSource {
  /** The packets in [from, to). */
  cursor(from: number, to: number): PacketCursor;
}

/** A cursor over packets that are objects already: a reader's headers. */
export class PacketListCursor implements PacketCursor {
  kind: PacketKind = PacketKind.Data;
  time = 0;
  flags = 0;
  track = 0;
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  length = 0;
  readonly #packets: readonly Packet[];
  #at = 0;

  constructor(packets: readonly Packet[]) {
    this.#packets = packets;
  }

  next(): boolean {
    const packet = this.#packets[this.#at++];
    if (packet === undefined) return false;
    this.kind = packet.kind;
    this.time = packet.time;
    this.flags = packet.flags;
    this.track = packet.track;
    this.bytes = packet.payload;
    this.length = packet.payload.length;
    return true;
  }

  rewind(): void {
    this.#at = 0;
  }
}
