// Hot: next runs twice for each packet of each flush, once to size it and once to write it.
import { PacketKind } from "../../media/packet.ts";
import type { PacketCursor } from "../../media/packet-cursor.ts";
import type { Ring } from "./ring.ts";

const NOTHING = new Uint8Array(0);

/** The packets of a range of the log, valid while nothing is appended or dropped: for one synchronous pass. */
export class LogCursor implements PacketCursor {
  kind: PacketKind = PacketKind.Data;
  time = 0;
  flags = 0;
  track = 0;
  bytes: Uint8Array = NOTHING;
  offset = 0;
  length = 0;
  readonly #ring: Ring | undefined;
  readonly #from: number;
  readonly #to: number;
  #next: number;

  /** [from, to) is in the ring, or empty. */
  constructor(ring: Ring | undefined, from: number, to: number) {
    this.#ring = ring;
    this.#from = from;
    this.#to = to;
    this.#next = from;
  }

  next(): boolean {
    const ring = this.#ring;
    if (ring === undefined || this.#next >= this.#to) return false;
    const at = this.#next++ & ring.mask;
    this.kind = ring.kinds[at] as PacketKind;
    this.time = ring.times[at] as number;
    this.flags = ring.flags[at] as number;
    this.track = ring.tracks[at] as number;
    this.bytes = ring.slabs[at] as Uint8Array;
    this.offset = ring.offsets[at] as number;
    this.length = ring.lengths[at] as number;
    return true;
  }

  rewind(): void {
    this.#next = this.#from;
  }
}
