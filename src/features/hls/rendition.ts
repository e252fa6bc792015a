import { audioTrack } from "../../media/one-track.ts";
import { type Packet, PacketKind } from "../../media/packet.ts";

/** The video of a stream, or one of its audio tracks, cut by itself for players to choose from. */
export interface Rendition {
  /** "v" is its video alone, "a3" its audio track 3 alone. */
  readonly id: string;
  /** The part of a packet that belongs to the rendition, as track 0; its payload may be the packet's own. */
  pick(packet: Packet): Packet | undefined;
}

/** The video alone. */
export const VIDEO: Rendition = {
  id: "v",
  pick: (packet) => (packet.kind === PacketKind.Video ? packet : undefined),
};

/** The rendition of an id; undefined for an invalid id. */
export function renditionOf(id: string): Rendition | undefined {
  if (id === VIDEO.id) return VIDEO;
  const [, digits] = /^a(\d{1,3})$/.exec(id) ?? [];
  const track = Number(digits);
  if (digits === undefined || track > 255 || digits !== String(track)) return undefined;
  return { id, pick: (packet) => audioTrack(packet, track) };
}

/** Ids of the renditions that a stream has once its audio track `track` has come beside track 0. */
export function renditionsFor(track: number): readonly string[] {
  return [VIDEO.id, "a0", `a${track}`];
}
