// Hot: add runs for each packet of each stream that is segmented.
import { type Packet, PacketKind } from "../packet.ts";
import { PacketBuffer } from "../packet-buffer.ts";
import { FragmentWriter } from "./fragment.ts";
import { initSegment } from "./init-segment.ts";
import { SegmentTracks } from "./segment-tracks.ts";

/** mfhd's sequence_number has 32 bits (ISO 14496-12, 8.8.5). */
const SEQUENCES = 2 ** 32;
const NOTHING = new Uint8Array(0);

/** A segment, and the init segment that players need before it. */
export interface Mp4Segment {
  readonly init: Uint8Array;
  /** They fill their buffer, which is the caller's. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Makes one segment of fragmented MP4: a moof and an mdat with track 0 of video and of audio. Its bytes are a function of the headers, the
 * packets, their times and the sequence number. It holds copies of the packets until it is finished: a track's samples are together in
 * the mdat, and codecs without a header (MP3, AC-3, E-AC-3, the size of VP9) are described by their frames only.
 */
export class Mp4SegmentWriter {
  readonly #tracks: SegmentTracks;
  readonly #held: PacketBuffer;
  #marked = 0;
  /** Number of frames left out: of another codec than their track's, or empty. */
  skipped = 0;

  /** `described`: headers in force, and earlier frames of tracks without one. Overwrites `memory`, and grows in it while there is room. */
  constructor(described: readonly Packet[], memory: Uint8Array<ArrayBuffer> = NOTHING) {
    this.#tracks = new SegmentTracks(described);
    this.#held = new PacketBuffer(memory);
  }

  /** The buffer that the segment grows in; after `finish` it is the caller's. */
  get memory(): Uint8Array<ArrayBuffer> {
    return this.#held.bytes;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#held.size;
  }

  /** Adds a frame, whose payload is lent for the call; decode times count from `time` 0, ms. */
  add(packet: Packet, time: number): void {
    this.#held.add(packet, time);
  }

  /** Remembers this position instead of the one before. */
  mark(): void {
    this.#marked = this.#held.count;
  }

  /**
   * The segment up to its end or to `mark`; undefined when there is no sample of a known codec. `next` is the frame that the next segment
   * begins with, if that follows. No packets may be added afterwards.
   */
  finish(at: "end" | "mark", sequence: number, next?: Packet): Mp4Segment | undefined {
    const held = this.#held;
    held.end = at === "mark" ? this.#marked : held.count;
    const tracks = this.#tracks.of(held);
    const behind = next === undefined ? [] : [next];
    if (at === "mark")
      for (const kind of [PacketKind.Video, PacketKind.Audio])
        behind.push(...held.first(kind, 0, held.end, held.count, 1));
    const writer = new FragmentWriter(tracks, 0);
    const { bytes, samples } = writer.write(held, sequence % SEQUENCES, { next: behind, ends: true });
    this.skipped = writer.skipped;
    return samples === 0 ? undefined : { init: initSegment(tracks), bytes };
  }
}
