import type { Packet } from "../../media/packet.ts";

/** A position where a reader may start, the time of its first packet (ms), and the headers in force there. */
export interface StartPoint {
  readonly seq: number;
  readonly time: number;
  readonly headers: readonly Packet[];
}
