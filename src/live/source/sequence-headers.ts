import { type Packet, PacketFlag, type PacketKind } from "../../media/packet.ts";
import { samePayload } from "./resume-filter.ts";

/** The sequence header of a kind's track. */
export function sequenceHeader(headers: readonly Packet[], kind: PacketKind, track = 0): Packet | undefined {
  return headers.find(
    (one) => one.kind === kind && one.track === track && (one.flags & PacketFlag.SequenceHeader) !== 0,
  );
}

/** Whether two sequence headers are equal, or both are missing. */
export function sameHeader(a: Packet | undefined, b: Packet | undefined): boolean {
  return a === undefined || b === undefined ? a === b : samePayload(a.payload, b.payload);
}
