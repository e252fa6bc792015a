// Hot: read runs for each packet that a muxer takes. Nothing is allocated.
import { Codec, codecAt } from "./codec.ts";
import {
  AudioPacketType,
  byteAt,
  FOURCC_BYTES,
  firstTrack,
  MAX_TRACKS,
  MultitrackType,
  nextTrack,
  skipModEx,
  trackIdOffset,
  VideoPacketType,
} from "./enhanced.ts";
import { PacketKind } from "./packet.ts";

/** What a payload holds of its first track: nothing that a decoder takes, its configuration, or a frame. */
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
 * Where the codec's own bytes are in an audio or video payload, of track 0, with legacy and enhanced headers alike. One object is
 * used for all packets: `read` sets every field. FLV 10.1 E.4.2 and E.4.3, Enhanced RTMP v2.
 */
export class FrameReader {
  content: Content = Content.None;
  /** As `codecNumber` gives it; 0 where the payload does not say. */
  codec = 0;
  /** Presentation time less the packet's time, ms; negative ones occur. */
  composition = 0;
  /** The codec's bytes are those in [start, end) of the payload. */
  start = 0;
  end = 0;

  /** Takes a payload of any bytes; what is cut off or unheard of has no content. */
  read(kind: PacketKind, payload: Uint8Array): void {
    this.content = Content.None;
    this.codec = 0;
    this.composition = 0;
    this.start = 0;
    this.end = payload.length;
    if (payload.length === 0) return;
    const first = byteAt(payload, 0);
    if (kind === PacketKind.Video) {
      if ((first & 0x80) !== 0) this.#enhanced(payload, true, (first >> 4) & 7);
      else if (first >> 4 !== VIDEO_COMMAND) this.#video(payload, first & 15);
    } else if (kind === PacketKind.Audio) {
      if (first >> 4 === ENHANCED_AUDIO) this.#enhanced(payload, false, 0);
      else this.#audio(payload, first >> 4);
    }
  }

  #video(payload: Uint8Array, id: number): void {
    this.codec = id + 1;
    if (this.codec !== Codec.H264 && this.codec !== Codec.Hevc && this.codec !== Codec.Av1) {
      this.#begin(1, Content.Frame);
      return;
    }
    const type = payload[1];
    if (type === LegacyPacketType.SequenceHeader) this.#begin(LEGACY_VIDEO_BYTES, Content.Header);
    else if (type === LegacyPacketType.Frame) {
      this.composition = signed24(payload, 2);
      this.#begin(LEGACY_VIDEO_BYTES, Content.Frame);
    }
  }

  #audio(payload: Uint8Array, format: number): void {
    this.codec = format + 1;
    if (format !== AAC_FORMAT) this.#begin(1, Content.Frame);
    else if (payload[1] === LegacyPacketType.SequenceHeader) this.#begin(2, Content.Header);
    else if (payload[1] === LegacyPacketType.Frame) this.#begin(2, Content.Frame);
  }

  #enhanced(payload: Uint8Array, isVideo: boolean, frameType: number): void {
    const header = skipModEx(payload);
    if (header < 0 || frameType === VIDEO_COMMAND) return;
    let type = header & 15;
    let at = header >>> 4;
    if (type === (isVideo ? VideoPacketType.Multitrack : AudioPacketType.Multitrack)) {
      type = byteAt(payload, at) & 15;
      at = this.#trackZero(payload, at);
      if (at < 0) return;
    } else {
      if (at + FOURCC_BYTES > payload.length) return;
      this.codec = codecAt(payload, at);
      at += FOURCC_BYTES;
    }
    if (type === VideoPacketType.SequenceStart) this.#begin(at, Content.Header);
    else if (type === VideoPacketType.CodedFrames) {
      if (isVideo && (this.codec === Codec.H264 || this.codec === Codec.Hevc || this.codec === Codec.Vvc)) {
        this.composition = signed24(payload, at);
        at += 3;
      }
      this.#begin(at, Content.Frame);
    } else if (isVideo && type === VideoPacketType.CodedFramesX) this.#begin(at, Content.Frame);
  }

  /** Where track 0 begins of those of a message; -1 when it has none. Sets its codec and its end. */
  #trackZero(payload: Uint8Array, at: number): number {
    const multitrackType = byteAt(payload, at) >> 4;
    let track = firstTrack(payload, at);
    for (let count = 0; count < MAX_TRACKS; count++) {
      const id = trackIdOffset(payload, track, multitrackType);
      if (id < 0) return -1;
      const next = nextTrack(payload, id, multitrackType);
      if (byteAt(payload, id) === 0) {
        if (next > payload.length) return -1;
        this.codec = codecAt(payload, multitrackType === MultitrackType.ManyTracksManyCodecs ? track : at + 1);
        this.end = next;
        return multitrackType === MultitrackType.OneTrack ? id + 1 : id + 4;
      }
      track = next;
    }
    return -1;
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
