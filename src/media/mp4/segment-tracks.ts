import { type Packet, PacketFlag, PacketKind } from "../packet.ts";
import type { PacketBuffer } from "../packet-buffer.ts";
import { type Mp4Track, mp4Tracks } from "./tracks.ts";

/** Maximum number of frames of one kind that are read for a configuration; the first one with a whole header has it. */
const MAX_ASKED = 8;

/** Finds the tracks of a segment: track 0 of video and of audio. */
export class SegmentTracks {
  readonly #headers: readonly Packet[];
  /** Earlier frames of tracks without a header. */
  readonly #frames: readonly Packet[];

  /** `described`: headers in force, and earlier frames of tracks without a header. */
  constructor(described: readonly Packet[]) {
    this.#headers = described.filter(isHeader);
    this.#frames = described.filter((packet) => !isHeader(packet));
  }

  /** The tracks by the segment's own frames (before `packets.end`) rather than by earlier ones, so that all servers find the same. */
  of(packets: PacketBuffer): Mp4Track[] {
    const own = [
      ...packets.first(PacketKind.Video, PacketFlag.Key, 0, packets.end, MAX_ASKED),
      ...packets.first(PacketKind.Audio, 0, 0, packets.end, MAX_ASKED),
    ];
    return mp4Tracks([...this.#headers, ...own, ...this.#frames]).filter(({ id }) => id === 0);
  }
}

function isHeader({ flags }: Packet): boolean {
  return (flags & (PacketFlag.SequenceHeader | PacketFlag.Config)) !== 0;
}
