import { readFragments, type SampleSink } from "../../media/mp4/fragment-reader.ts";
import type { InitTrack, InitTracks } from "../../media/mp4/init-reader.ts";
import { PacketKind } from "../../media/packet.ts";
import type { FrameSink } from "../ts/frames.ts";

/** An AVC tag's bytes before its NAL units, and an AAC tag's before its frame (FLV 10.1, E.4.2 and E.4.3). */
const VIDEO_TAG_BYTES = 5;
const AUDIO_TAG_BYTES = 2;
const nothing = new Uint8Array(0);

/** Converts the samples of fragmented MP4 to the form that they have in FLV, so that one check serves both. */
export class Mp4Frames implements SampleSink {
  readonly #sink: FrameSink;
  #payload = new Uint8Array(4096);
  #header = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Reads a segment or a part. Throws ProtocolError. */
  read(bytes: Uint8Array, tracks: InitTracks): void {
    readFragments(bytes, tracks, this);
  }

  sample({ kind, entry, timescale }: InitTrack, dts: number, bytes: Uint8Array, key: boolean): void {
    const timestamp = Math.round((dts * 1000) / timescale);
    if (kind === PacketKind.Audio) {
      this.#sink.audio(timestamp, entry === "mp4a" ? this.#tag(AUDIO_TAG_BYTES, [0xaf, 1], bytes) : bytes, 0);
    } else if (kind === PacketKind.Video) {
      // The init segment has the sequence header.
      if (!this.#header) this.#sink.header();
      this.#header = true;
      const isAvc = entry === "avc1" || entry === "avc3";
      const tag = isAvc ? this.#tag(VIDEO_TAG_BYTES, [key ? 0x17 : 0x27, 1, 0, 0, 0], bytes) : nothing;
      this.#sink.video(timestamp, tag, key, 0);
    }
  }

  #tag(headBytes: number, head: readonly number[], bytes: Uint8Array): Uint8Array {
    const length = headBytes + bytes.length;
    if (this.#payload.length < length) this.#payload = new Uint8Array(2 * length);
    this.#payload.set(head);
    this.#payload.set(bytes, headBytes);
    return this.#payload.subarray(0, length);
  }
}
