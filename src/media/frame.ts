// Hot: read runs for each packet that a muxer takes. Nothing is allocated.
import { Codec, codecOf } from "./codec.ts";
import { byteAt, VideoPacketType } from "./enhanced.ts";
import { PacketKind } from "./packet.ts";
import { TrackBody } from "./track-body.ts";

/** The contents of a payload: nothing for a decoder, a configuration, or a frame. */
export const Content = { None: 0, Header: 1, Frame: 2 } as const;
type Content = (typeof Content)[keyof typeof Content];

const VIDEO_COMMAND = 5;
const ENHANCED_AUDIO = 9;
const AAC_FORMAT = 10;
/** AVCPacketType and AACPacketType (FLV 10.1 E.4.3.1, E.4.2.1). */
const LegacyPacketType = { SequenceHeader: 0, Frame: 1 } as const;
/** Codec, packet type and composition time. */
const LEGACY_VIDEO_BYTES = 5;

/**
 * Where the codec's own bytes are in an audio or video payload, of one track, with legacy and enhanced headers alike. One object is
 * used for all packets: `read` sets every field. FLV 10.1 E.4.2 and E.4.3, Enhanced RTMP v2.
 */
export class FrameReader {
  content: Content = Content.None;
  /** As `codecNumber` gives it; 0 where the payload does not say. */
  codec = 0;
  /** Presentation time less the packet's time, ms; negative ones occur. */
  composition = 0;
  /** The codec's bytes are those in [start, end) of the bytes. */
  start = 0;
  end = 0;
  readonly #track = new TrackBody();

  /**
   * Takes the payload in [start, end) of `bytes`, whatever its bytes are. A payload that is cut off, of an unknown type, or without the
   * track (an id of enhanced RTMP) has no content.
   */
  read(kind: PacketKind, bytes: Uint8Array, start = 0, end = bytes.length, track = 0): void {
    this.content = Content.None;
    this.codec = 0;
    this.composition = 0;
    this.start = start;
    this.end = end;
    if (start >= end) return;
    const first = byteAt(bytes, start);
    if (kind === PacketKind.Video) {
      if ((first & 0x80) !== 0) this.#enhanced(kind, bytes, track);
      else if (track === 0 && first >> 4 !== VIDEO_COMMAND) this.#video(bytes, first & 15);
    } else if (kind === PacketKind.Audio) {
      if (first >> 4 === ENHANCED_AUDIO) this.#enhanced(kind, bytes, track);
      else if (track === 0) this.#audio(bytes, first >> 4);
    }
  }

  #video(bytes: Uint8Array, id: number): void {
    const at = this.start;
    this.codec = id + 1;
    if (this.codec !== Codec.H264 && this.codec !== Codec.Hevc && this.codec !== Codec.Av1) {
      this.#begin(at + 1, Content.Frame);
      return;
    }
    if (at + LEGACY_VIDEO_BYTES > this.end) return;
    const type = bytes[at + 1];
    if (type === LegacyPacketType.SequenceHeader) this.#begin(at + LEGACY_VIDEO_BYTES, Content.Header);
    else if (type === LegacyPacketType.Frame) {
      this.composition = signed24(bytes, at + 2);
      this.#begin(at + LEGACY_VIDEO_BYTES, Content.Frame);
    }
  }

  #audio(bytes: Uint8Array, format: number): void {
    const at = this.start;
    this.codec = format + 1;
    if (format !== AAC_FORMAT) this.#begin(at + 1, Content.Frame);
    else if (at + 2 > this.end) return;
    else if (bytes[at + 1] === LegacyPacketType.SequenceHeader) this.#begin(at + 2, Content.Header);
    else if (bytes[at + 1] === LegacyPacketType.Frame) this.#begin(at + 2, Content.Frame);
  }

  #enhanced(kind: PacketKind, bytes: Uint8Array, id: number): void {
    const track = this.#track;
    if (!track.read(kind, bytes, this.start, this.end, id)) return;
    const isVideo = kind === PacketKind.Video;
    const type = track.packetType;
    let at = track.start;
    this.codec = codecOf(track.fourCc);
    this.end = track.end;
    // SequenceStart and CodedFrames have the same values for audio.
    if (type === VideoPacketType.SequenceStart) this.#begin(at, Content.Header);
    else if (type === VideoPacketType.CodedFrames) {
      if (isVideo && (this.codec === Codec.H264 || this.codec === Codec.Hevc || this.codec === Codec.Vvc)) {
        if (at + 3 > this.end) return;
        this.composition = signed24(bytes, at);
        at += 3;
      }
      this.#begin(at, Content.Frame);
    } else if (isVideo && type === VideoPacketType.CodedFramesX) this.#begin(at, Content.Frame);
  }

  #begin(at: number, content: Content): void {
    if (at > this.end) return;
    this.start = at;
    this.content = content;
  }
}

function signed24(payload: Uint8Array, at: number): number {
  return ((byteAt(payload, at) << 24) | (byteAt(payload, at + 1) << 16) | (byteAt(payload, at + 2) << 8)) >> 8;
}
