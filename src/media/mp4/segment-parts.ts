import type { Packet } from "../packet.ts";
import type { PacketBuffer } from "../packet-buffer.ts";
import { type Fragment, FragmentWriter } from "./fragment.ts";
import { initSegment } from "./init-segment.ts";
import { SegmentTracks } from "./segment-tracks.ts";

/**
 * Makes one segment of fragmented MP4 in parts, each a moof and an mdat with track 0 of video and of audio. The parts' bytes are a function
 * of the headers, the packets, their times and the sequence numbers. The first part determines the tracks.
 */
export class Mp4SegmentParts {
  /** The init segment of all parts; undefined before the first part. */
  init: Uint8Array | undefined;
  readonly #tracks: SegmentTracks;
  #writer: FragmentWriter | undefined;

  /** `described`: headers in force, and earlier frames of tracks without a header. */
  constructor(described: readonly Packet[]) {
    this.#tracks = new SegmentTracks(described);
  }

  /**
   * The next part, of all packets of a buffer; undefined when they have no sample of a known codec. `next` is the frame behind the part, if
   * that follows. `last`: it is the segment's last part.
   */
  write(packets: PacketBuffer, sequence: number, last: boolean, next?: Packet): Fragment | undefined {
    packets.end = packets.count;
    packets.rewind();
    let writer = this.#writer;
    if (writer === undefined) {
      const tracks = this.#tracks.of(packets);
      writer = new FragmentWriter(tracks, 0);
      this.init = initSegment(tracks);
    }
    const fragment = writer.write(packets, sequence, { next: next === undefined ? [] : [next], ends: last });
    if (fragment.samples === 0) return undefined;
    this.#writer = writer;
    return fragment;
  }
}
