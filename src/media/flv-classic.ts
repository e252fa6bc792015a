// Hot: plan runs twice for each packet of each flush, once to size it and once to write it.
import { AudioPacketType, byteAt, FourCc, VideoPacketType } from "./enhanced.ts";
import { PacketKind } from "./packet.ts";
import type { PacketCursor } from "./packet-cursor.ts";
import { TrackBody } from "./track-body.ts";

const VideoCodec = { Avc: 7, Hevc: 12, Av1: 13 } as const;
const SoundFormat = { Mp3: 2, Enhanced: 9, Aac: 10, Mp3At8Khz: 14 } as const;
const VIDEO_COMMAND = 5;
/** AVCPacketType: sequence header, frame, end of sequence. */
const Legacy = { Header: 0, Frame: 1, End: 2 } as const;
/** Codec, AVCPacketType and composition time. */
const LEGACY_VIDEO_BYTES = 5;
const COMPOSITION_BYTES = 3;
/** Sound format AAC; all other bits are 1 for any AAC (FLV 10.1 E.4.2.1). */
const AAC = 0xaf;
const ENHANCED = 0x80;
const MAX_HEAD_BYTES = 5;

/**
 * The form of a packet in an FLV stream for players that know little of enhanced RTMP (mpegts.js, and those before 2023):
 *
 *   avc1, mp4a, .mp3     as H.264 (7), AAC (10), MP3 (2)
 *   AV1 (13)             as av01; its frames are CodedFrames
 *   MP3 at 8 kHz (14)    as MP3 (2): its frames tell the rate
 *   hvc1, av01, Opus, fLaC, and what else FLV has numbers for: as it came
 *   several tracks, ModEx    track 0 by itself, without them
 *
 * Left out is what such players stop at: other codecs, other packet types (Metadata, MultichannelConfig, those to come), other
 * tracks, commands, and data in AMF3. FLV 10.1 E.4, Enhanced RTMP v2.
 *
 * A planned packet is `head` and then [start, end) of the cursor's bytes. One object serves all packets.
 */
export class ClassicTag {
  readonly head = new Uint8Array(MAX_HEAD_BYTES);
  headBytes = 0;
  start = 0;
  end = 0;
  readonly #track = new TrackBody();

  /** False for a packet that is left out. */
  plan({ kind, bytes, offset, length }: PacketCursor): boolean {
    this.headBytes = 0;
    this.start = offset;
    this.end = offset + length;
    if (length === 0) return false;
    if (kind === PacketKind.Data) return true;
    const first = byteAt(bytes, offset);
    return kind === PacketKind.Video ? this.#video(first, bytes) : this.#audio(first, bytes);
  }

  #video(first: number, bytes: Uint8Array): boolean {
    if ((first & ENHANCED) !== 0) return this.#enhancedVideo(bytes);
    const codec = first & 15;
    if (first >> 4 === VIDEO_COMMAND) return false;
    if (codec !== VideoCodec.Avc && codec !== VideoCodec.Hevc && codec !== VideoCodec.Av1) return true;
    const type = byteAt(bytes, this.start + 1);
    if (this.end - this.start < LEGACY_VIDEO_BYTES || type > Legacy.End) return false;
    if (codec !== VideoCodec.Av1) return true;
    // The numbers of packet types are the same.
    this.#enhancedHead(ENHANCED | (first & 0x70) | type, FourCc.Av01, this.start + LEGACY_VIDEO_BYTES);
    return true;
  }

  #audio(first: number, bytes: Uint8Array): boolean {
    const format = first >> 4;
    if (format === SoundFormat.Enhanced) return this.#enhancedAudio(bytes);
    if (format === SoundFormat.Mp3At8Khz) {
      this.head[0] = (SoundFormat.Mp3 << 4) | (first & 15);
      this.#behind(1, this.start + 1);
    }
    return true;
  }

  #enhancedVideo(bytes: Uint8Array): boolean {
    const track = this.#track;
    if (!track.read(PacketKind.Video, bytes, this.start, this.end)) return false;
    const { fourCc, packetType: type } = track;
    if (type > VideoPacketType.CodedFramesX) return false;
    if (fourCc === FourCc.Avc1) return this.#avc();
    if (fourCc === FourCc.Hvc1) {
      if (!track.bare) this.#enhancedHead(ENHANCED | (track.frameType << 4) | type, fourCc, track.start);
    } else if (fourCc === FourCc.Av01) {
      const plain = type === VideoPacketType.CodedFramesX ? VideoPacketType.CodedFrames : type;
      if (!track.bare || plain !== type)
        this.#enhancedHead(ENHANCED | (track.frameType << 4) | plain, fourCc, track.start);
    } else return false;
    this.end = track.end;
    return true;
  }

  #avc(): boolean {
    const { packetType, frameType, start, end } = this.#track;
    this.head[0] = (frameType << 4) | VideoCodec.Avc;
    this.head[1] = packetType === VideoPacketType.CodedFramesX ? Legacy.Frame : packetType;
    this.head.fill(0, 2, LEGACY_VIDEO_BYTES);
    const composed = packetType === VideoPacketType.CodedFrames;
    if (composed && start + COMPOSITION_BYTES > end) return false;
    this.#behind(composed ? LEGACY_VIDEO_BYTES - COMPOSITION_BYTES : LEGACY_VIDEO_BYTES, start);
    this.end = end;
    return true;
  }

  #enhancedAudio(bytes: Uint8Array): boolean {
    const track = this.#track;
    if (!track.read(PacketKind.Audio, bytes, this.start, this.end)) return false;
    const { fourCc, packetType: type } = track;
    if (type > AudioPacketType.SequenceEnd) return false;
    if (fourCc === FourCc.Opus || fourCc === FourCc.Flac) {
      if (!track.bare) this.#enhancedHead((SoundFormat.Enhanced << 4) | type, fourCc, track.start);
    } else if (fourCc === FourCc.Mp4a && type !== AudioPacketType.SequenceEnd) {
      this.head[0] = AAC;
      this.head[1] = type;
      this.#behind(2, track.start);
    } else if (fourCc === FourCc.Mp3 && type === AudioPacketType.CodedFrames && track.end - track.start >= 4) {
      this.head[0] = (SoundFormat.Mp3 << 4) | mp3Sound(bytes, track.start);
      this.#behind(1, track.start);
    } else return false;
    this.end = track.end;
    return true;
  }

  #enhancedHead(first: number, fourCc: number, start: number): void {
    this.head[0] = first;
    this.head[1] = fourCc >>> 24;
    this.head[2] = fourCc >>> 16;
    this.head[3] = fourCc >>> 8;
    this.head[4] = fourCc;
    this.#behind(5, start);
  }

  #behind(headBytes: number, start: number): void {
    this.headBytes = headBytes;
    this.start = start;
  }
}

/** SoundRate, SoundSize and SoundType by an MP3 frame's header (ISO 11172-3, 2.4.1.3): FLV has 44, 22 and 11 kHz. */
function mp3Sound(bytes: Uint8Array, at: number): number {
  const version = (byteAt(bytes, at + 1) >> 3) & 3;
  const rate = version === 3 ? 3 : version === 2 ? 2 : 1;
  const mono = byteAt(bytes, at + 3) >> 6 === 3;
  return (rate << 2) | 2 | (mono ? 0 : 1);
}
