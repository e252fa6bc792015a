import type { Packet } from "../packet.ts";
import type { PacketBuffer } from "../packet-buffer.ts";
import { type Fragment, FragmentWriter } from "./fragment.ts";
import { initSegment } from "./init-segment.ts";
import { SegmentTracks } from "./segment-tracks.ts";

/**
 * Makes one segment of fragmented MP4 in parts, each a moof and an mdat with track 0 of video and of audio. Their bytes are a function of the
 * headers, the packets, their times and the sequence numbers. The tracks are those in the first part.
 */
export class Mp4SegmentParts {
  /** The tracks of all parts; undefined before the first one. */
  init: Uint8Array | undefined;
  readonly #tracks: SegmentTracks;
  #writer: FragmentWriter | undefined;

  /** `described`: headers in force, and earlier frames of what has none. */
  constructor(described: readonly Packet[]) {
    this.#tracks = new SegmentTracks(described);
  }

  /**
   * The next part, of all packets of a buffer; undefined when there is no sample of a known codec. `next` is the frame behind it, if that
   * follows. `last`: the segment has no other part.
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
