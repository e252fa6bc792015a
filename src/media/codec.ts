import {
  AudioPacketType,
  byteAt,
  FOURCC_BYTES,
  FourCc,
  firstTrack,
  fourCcAt,
  MAX_TRACKS,
  MultitrackType,
  nextTrack,
  skipModEx,
  trackIdOffset,
  VideoPacketType,
} from "./enhanced.ts";
import { type Packet, PacketFlag, PacketKind } from "./packet.ts";

const ENHANCED_AUDIO = 9;
/** FLV's ids have four bits; a codec's number is its id plus 1. */
const MAX_LEGACY = 16;

// FLV 10.1 E.4.3.1; encoders in China have agreed on 12 and 13.
const videoCodecs: Readonly<Record<number, string>> = {
  2: "Sorenson H.263",
  3: "Screen Video",
  4: "VP6",
  5: "VP6 with alpha",
  6: "Screen Video 2",
  7: "H.264",
  12: "HEVC",
  13: "AV1",
};

// FLV 10.1 E.4.2.1.
const audioCodecs: Readonly<Record<number, string>> = {
  0: "PCM",
  1: "ADPCM",
  2: "MP3",
  3: "PCM",
  4: "Nellymoser",
  5: "Nellymoser",
  6: "Nellymoser",
  7: "G.711 A-law",
  8: "G.711 mu-law",
  10: "AAC",
  11: "Speex",
  14: "MP3",
};

// Enhanced RTMP v2, VideoFourCc and AudioFourCc.
const fourCcs: ReadonlyMap<string, string> = new Map([
  ["vp08", "VP8"],
  ["vp09", "VP9"],
  ["av01", "AV1"],
  ["avc1", "H.264"],
  ["hvc1", "HEVC"],
  ["vvc1", "VVC"],
  ["ac-3", "AC-3"],
  ["ec-3", "E-AC-3"],
  ["Opus", "Opus"],
  [".mp3", "MP3"],
  ["fLaC", "FLAC"],
  ["mp4a", "AAC"],
]);

/** The codec of a payload, for people: "H.264", "AAC+Opus" for tracks with different codecs, "" when the payload doesn't name one. */
export function codecName(kind: PacketKind, payload: Uint8Array): string {
  if (kind === PacketKind.Data || payload.length === 0) return "";
  const first = byteAt(payload, 0);
  if (isEnhanced(kind, first)) return [...new Set(readEnhanced(kind, payload)?.fourCcs.map(fourCcName))].join("+");
  return nameOfCodec(kind, 1 + (kind === PacketKind.Video ? first & 15 : first >> 4));
}

/** The name, for people, of a codec that has this number by `codecOf`. */
export function nameOfCodec(kind: PacketKind, codec: number): string {
  if (codec === 0 || codec > MAX_LEGACY) return fourCcName(readFourCc(fourCcBytes(codec), 0));
  const id = codec - 1;
  if (kind === PacketKind.Video) return videoCodecs[id] ?? `video codec ${id}`;
  return audioCodecs[id] ?? `audio codec ${id}`;
}

/**
 * A payload's codec as a number, the same for both ways to name a codec: FLV's id plus 1, else the FourCC. 0 if the payload
 * names none, and for several tracks. FLV 10.1 E.4.2.1 and E.4.3.1, Enhanced RTMP v2.
 */
export function codecNumber(kind: PacketKind, payload: Uint8Array): number {
  if (payload.length === 0) return 0;
  const first = byteAt(payload, 0);
  if (!isEnhanced(kind, first)) return 1 + (kind === PacketKind.Video ? first & 15 : first >> 4);
  const header = skipModEx(payload);
  if (header < 0) return 0;
  let at = header >>> 4;
  const multitrack = kind === PacketKind.Video ? VideoPacketType.Multitrack : AudioPacketType.Multitrack;
  if ((header & 15) === multitrack) {
    if (byteAt(payload, at) >> 4 !== MultitrackType.OneTrack) return 0;
    at++;
  }
  return at + FOURCC_BYTES > payload.length ? 0 : codecOf(fourCcAt(payload, at));
}

/** The number, as `codecNumber` gives it, of the codec that the first header or frame of sound names; 0 without one. */
export function soundCodec(described: readonly Packet[]): number {
  const isCodecs = ({ kind, flags }: Packet) => kind === PacketKind.Audio && (flags & PacketFlag.Config) === 0;
  const sound = described.find(isCodecs);
  return sound === undefined ? 0 : codecNumber(PacketKind.Audio, sound.payload);
}

/** The codec's number, as `codecNumber` gives it, of a FourCC. */
export function codecOf(fourCc: number): number {
  return legacyIds.get(fourCc) ?? fourCc;
}

/** Numbers that `codecNumber` gives to the codecs that are read more closely. Mp3At8kHz is MP3 too. */
export const Codec = {
  Mp3: 3,
  H264: 8,
  Aac: 11,
  Hevc: 13,
  Av1: 14,
  Mp3At8kHz: 15,
  Vvc: 0x76766331,
  Vp9: FourCc.Vp09,
  Opus: FourCc.Opus,
  Flac: FourCc.Flac,
  Ac3: FourCc.Ac3,
  Eac3: FourCc.Eac3,
} as const;

/** FLV's ids plus 1 of codecs that have FourCCs, too. */
const legacyIds: ReadonlyMap<number, number> = new Map([
  [FourCc.Avc1, Codec.H264],
  [FourCc.Hvc1, Codec.Hevc],
  [FourCc.Av01, Codec.Av1],
  [FourCc.Mp4a, Codec.Aac],
  [FourCc.Mp3, Codec.Mp3],
]);

/** Whether players need a sequence header for a video payload's codec: H.264, HEVC, AV1, VVC. */
export function needsVideoHeader(payload: Uint8Array): boolean {
  const codec = codecNumber(PacketKind.Video, payload);
  return codec === Codec.H264 || codec === Codec.Hevc || codec === Codec.Av1 || codec === Codec.Vvc;
}

/**
 * Identifies the earlier packet that a sequence header or configuration packet replaces: "v0", "a1", "v1,2" for a message with
 * the headers of two tracks, "v0/config" for a configuration beside the codec's own header.
 */
export function headerKey(kind: PacketKind, payload: Uint8Array): string {
  const letter = kind === PacketKind.Video ? "v" : kind === PacketKind.Audio ? "a" : "d";
  const header = isEnhanced(kind, byteAt(payload, 0)) ? readEnhanced(kind, payload) : undefined;
  if (header === undefined) return `${letter}0`;
  const tracks = [...new Set(header.tracks)].sort((a, b) => a - b);
  const configType = kind === PacketKind.Video ? VideoPacketType.Metadata : AudioPacketType.MultichannelConfig;
  return `${letter}${tracks.join(",")}${header.packetType === configType ? "/config" : ""}`;
}

/** The ids of the tracks in a payload, in its order: track 0 where it names none. None when its header is cut off. */
export function trackIds(kind: PacketKind, payload: Uint8Array): readonly number[] {
  if (!isEnhanced(kind, byteAt(payload, 0))) return [0];
  return readEnhanced(kind, payload)?.tracks ?? [];
}

interface EnhancedHeader {
  readonly packetType: number;
  readonly tracks: readonly number[];
  readonly fourCcs: readonly string[];
}

function isEnhanced(kind: PacketKind, first: number): boolean {
  return kind === PacketKind.Video ? (first & 0x80) !== 0 : kind === PacketKind.Audio && first >> 4 === ENHANCED_AUDIO;
}

/** Undefined when the header is incomplete. */
function readEnhanced(kind: PacketKind, payload: Uint8Array): EnhancedHeader | undefined {
  const header = skipModEx(payload);
  if (header < 0) return undefined;
  const packetType = header & 15;
  const at = header >>> 4;
  const multitrack = kind === PacketKind.Video ? VideoPacketType.Multitrack : AudioPacketType.Multitrack;
  if (packetType === multitrack) return readTracks(payload, at);
  if (at + FOURCC_BYTES > payload.length) return undefined;
  return { packetType, tracks: [0], fourCcs: [readFourCc(payload, at)] };
}

function readTracks(payload: Uint8Array, at: number): EnhancedHeader | undefined {
  const multitrackType = byteAt(payload, at) >> 4;
  const tracks: number[] = [];
  const fourCcs: string[] = [];
  let track = firstTrack(payload, at);
  while (tracks.length < MAX_TRACKS) {
    const id = trackIdOffset(payload, track, multitrackType);
    if (id < 0) break;
    tracks.push(byteAt(payload, id));
    const ownCodec = multitrackType === MultitrackType.ManyTracksManyCodecs;
    fourCcs.push(readFourCc(payload, ownCodec ? track : at + 1));
    track = nextTrack(payload, id, multitrackType);
  }
  return tracks.length === 0 ? undefined : { packetType: byteAt(payload, at) & 15, tracks, fourCcs };
}

function fourCcName(fourCc: string): string {
  return fourCcs.get(fourCc) ?? fourCc;
}

function fourCcBytes(fourCc: number): Uint8Array {
  return Uint8Array.of(fourCc >>> 24, fourCc >>> 16, fourCc >>> 8, fourCc);
}

/** Text that fits in a log line, whatever the bytes are. */
function readFourCc(payload: Uint8Array, at: number): string {
  let text = "";
  for (let i = at; i < at + FOURCC_BYTES; i++) {
    const code = byteAt(payload, i);
    text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "?";
  }
  return text;
}
