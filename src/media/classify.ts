// Hot: classify runs once for each packet.
import {
  AudioPacketType,
  byteAt,
  FOURCC_BYTES,
  firstTrack,
  MAX_TRACKS,
  nextTrack,
  skipModEx,
  trackIdOffset,
  VideoPacketType,
} from "./enhanced.ts";
import { PacketFlag, PacketKind } from "./packet.ts";

const FrameType = { Key: 1, Disposable: 3, GeneratedKey: 4, Command: 5 } as const;
const VideoCodec = { Avc: 7, Hevc: 12, Av1: 13 } as const;
const SoundFormat = { Enhanced: 9, Aac: 10 } as const;
/** AVCPacketType and AACPacketType; 1 is a frame in both. */
const LegacyPacketType = { SequenceHeader: 0, Frame: 1, SequenceEnd: 2 } as const;

/**
 * The kind of a payload: `PacketFlag` bits in the low 8 bits, the track id above them (for a message of several tracks, the
 * lowest id). Never throws, never allocates; payloads that are too short or of unknown kinds give 0.
 * FLV 10.1 E.4.2 and E.4.3, Enhanced RTMP v2.
 */
export function classify(kind: PacketKind, payload: Uint8Array): number {
  if (payload.length === 0) return 0;
  const first = byteAt(payload, 0);
  if (kind === PacketKind.Video)
    return first & 0x80 ? enhanced(kind, payload, (first >> 4) & 7) : video(payload, first);
  if (kind !== PacketKind.Audio) return 0;
  const format = first >> 4;
  if (format === SoundFormat.Enhanced) return enhanced(kind, payload, 0);
  const header = format === SoundFormat.Aac && payload.length > 1 && payload[1] === LegacyPacketType.SequenceHeader;
  return header ? PacketFlag.SequenceHeader : 0;
}

function video(payload: Uint8Array, first: number): number {
  const frameType = first >> 4;
  const codec = first & 15;
  // Commands of a client-side seek: one byte of content.
  if (frameType === FrameType.Command) return 0;
  if (codec !== VideoCodec.Avc && codec !== VideoCodec.Hevc && codec !== VideoCodec.Av1) return frame(frameType);
  if (payload.length < 2) return 0;
  switch (payload[1]) {
    case LegacyPacketType.SequenceHeader:
      return PacketFlag.SequenceHeader;
    case LegacyPacketType.Frame:
      return frame(frameType);
    case LegacyPacketType.SequenceEnd:
      return PacketFlag.SequenceEnd;
    default:
      return 0;
  }
}

function frame(frameType: number): number {
  if (frameType === FrameType.Key || frameType === FrameType.GeneratedKey) return PacketFlag.Key;
  return frameType === FrameType.Disposable ? PacketFlag.Disposable : 0;
}

function enhanced(kind: PacketKind, payload: Uint8Array, frameType: number): number {
  const header = skipModEx(payload);
  if (header < 0) return 0;
  let type = header & 15;
  const at = header >>> 4;
  const isVideo = kind === PacketKind.Video;
  // A command has no body, so bytes that look like a multitrack header are none.
  if (isVideo && frameType === FrameType.Command && type !== VideoPacketType.Metadata) return 0;
  let track = 0;
  if (type === (isVideo ? VideoPacketType.Multitrack : AudioPacketType.Multitrack)) {
    track = lowestTrack(payload, at);
    if (track < 0) return 0;
    type = byteAt(payload, at) & 15;
  } else if (at + FOURCC_BYTES > payload.length) return 0;
  return (isVideo ? videoFlags(type, frameType) : audioFlags(type)) | (track << 8);
}

function videoFlags(type: number, frameType: number): number {
  switch (type) {
    case VideoPacketType.SequenceStart:
    case VideoPacketType.Mpeg2TsSequenceStart:
      return PacketFlag.SequenceHeader;
    case VideoPacketType.CodedFrames:
    case VideoPacketType.CodedFramesX:
      return frame(frameType);
    case VideoPacketType.SequenceEnd:
      return PacketFlag.SequenceEnd;
    case VideoPacketType.Metadata:
      return PacketFlag.Config;
    default:
      return 0;
  }
}

function audioFlags(type: number): number {
  switch (type) {
    case AudioPacketType.SequenceStart:
      return PacketFlag.SequenceHeader;
    case AudioPacketType.SequenceEnd:
      return PacketFlag.SequenceEnd;
    case AudioPacketType.MultichannelConfig:
      return PacketFlag.Config;
    default:
      return 0;
  }
}

/** -1 when even the first track's header is incomplete. */
function lowestTrack(payload: Uint8Array, at: number): number {
  const multitrackType = byteAt(payload, at) >> 4;
  let lowest = -1;
  let track = firstTrack(payload, at);
  for (let count = 0; count < MAX_TRACKS; count++) {
    const idOffset = trackIdOffset(payload, track, multitrackType);
    if (idOffset < 0) break;
    const id = byteAt(payload, idOffset);
    if (lowest < 0 || id < lowest) lowest = id;
    track = nextTrack(payload, idOffset, multitrackType);
  }
  return lowest;
}
