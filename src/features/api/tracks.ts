import { ProtocolError } from "../../base/errors.ts";
import type { Stream } from "../../live/stream.ts";
import { readAudioSpecificConfig } from "../../media/aac.ts";
import { Codec, codecName } from "../../media/codec.ts";
import { Content, FrameReader } from "../../media/frame.ts";
import { type Packet, PacketKind } from "../../media/packet.ts";
import { readVideoConfig } from "../../media/video-config.ts";
import { number, object, orNull, string, whole } from "./schema.ts";

/** A stream's video, in SRS's terms. */
export interface VideoInfo {
  readonly codec: string;
  readonly profile: string;
  readonly level: string;
  readonly width: number;
  readonly height: number;
}

/** A stream's audio, in SRS's terms. */
export interface AudioInfo {
  readonly codec: string;
  readonly sample_rate: number;
  readonly channel: number;
  readonly profile: string;
}

/** What a stream consists of. */
export interface Tracks {
  readonly video: VideoInfo | null;
  readonly audio: AudioInfo | null;
}

/** Schemas of tracks. */
export const trackSchemas = {
  video: orNull(object({ codec: string, profile: string, level: string, width: whole, height: whole })),
  audio: orNull(object({ codec: string, sample_rate: number, channel: whole, profile: string })),
} as const;

/** Parsed headers, by packet: encoders rarely send new ones, and callers ask each second. */
const videos = new WeakMap<Packet, VideoInfo>();
const audios = new WeakMap<Packet, AudioInfo>();

const UNKNOWN = "Other";
const avcProfiles: Readonly<Record<number, string>> = {
  66: "Baseline",
  77: "Main",
  88: "Extended",
  100: "High",
  110: "High(High10)",
  122: "High(High422)",
  244: "High(High444Predictive)",
};
const hevcProfiles: Readonly<Record<string, string>> = {
  "1": "Main",
  "2": "Main10",
  "3": "MainStillPicture",
  "4": "Rext",
};
const aacProfiles: Readonly<Record<number, string>> = { 1: "Main", 2: "LC", 3: "SSR", 4: "LTP", 5: "HE", 29: "HEv2" };
const flvRates = [5512, 11025, 22050, 44100] as const;

/** The tracks by the sequence headers of a stream's active source, or by the beginning of a frame where it has no header. */
export function tracksOf(stream: Stream): Tracks {
  const { active } = stream.sources;
  if (active === undefined) return { video: null, audio: null };
  const first = (wanted: PacketKind) => {
    const isOne = ({ kind, track }: Packet) => kind === wanted && track === 0;
    return active.headers.list.find(isOne) ?? active.frameHeads.find(isOne);
  };
  return {
    video: known(videos, first(PacketKind.Video), videoOf),
    audio: known(audios, first(PacketKind.Audio), audioOf),
  };
}

function known<T>(all: WeakMap<Packet, T>, packet: Packet | undefined, read: (payload: Uint8Array) => T): T | null {
  if (packet === undefined) return null;
  let info = all.get(packet);
  if (info === undefined) {
    info = read(packet.payload);
    all.set(packet, info);
  }
  return info;
}

function videoOf(payload: Uint8Array): VideoInfo {
  const codec = plain(codecName(PacketKind.Video, payload));
  const unknown = { codec, profile: UNKNOWN, level: UNKNOWN, width: 0, height: 0 };
  const frame = new FrameReader();
  try {
    frame.read(PacketKind.Video, payload);
    if (frame.content !== Content.Header || (frame.codec !== Codec.H264 && frame.codec !== Codec.Hevc)) return unknown;
    const { codecs, picture } = readVideoConfig(frame.codec, payload.subarray(frame.start, frame.end));
    const { width = 0, height = 0 } = picture ?? {};
    return { codec, ...(frame.codec === Codec.H264 ? avcLevel(codecs) : hevcLevel(codecs)), width, height };
  } catch (error) {
    if (error instanceof ProtocolError) return unknown;
    throw error;
  }
}

/** `avc1.64001f`: profile, constraints and level as bytes. */
function avcLevel(codecs: string): { profile: string; level: string } {
  const [profile = 0, , level = 0] = Uint8Array.fromHex(codecs.slice("avc1.".length));
  return { profile: avcProfiles[profile] ?? UNKNOWN, level: String(level / 10) };
}

/** `hvc1.1.6.L93.B0`: the level is 30 times its number. */
function hevcLevel(codecs: string): { profile: string; level: string } {
  const [, profile = "", , level = ""] = codecs.split(".");
  return { profile: hevcProfiles[profile] ?? UNKNOWN, level: String(Math.round(Number(level.slice(1)) / 3) / 10) };
}

function audioOf(payload: Uint8Array): AudioInfo {
  const codec = plain(codecName(PacketKind.Audio, payload));
  const frame = new FrameReader();
  frame.read(PacketKind.Audio, payload);
  const config =
    frame.content === Content.Header && frame.codec === Codec.Aac
      ? readAudioSpecificConfig(payload.subarray(frame.start, frame.end))
      : undefined;
  if (config !== undefined) {
    const { objectType, sbr, ps, extensionRate: sample_rate, channelConfiguration: channel } = config;
    return { codec, sample_rate, channel, profile: aacProfiles[ps ? 29 : sbr ? 5 : objectType] ?? UNKNOWN };
  }
  // FLV's classic first byte has rate and channels; with a FourCC (enhanced RTMP) it has neither.
  const first = payload[0] ?? 0;
  const isClassic = first >> 4 !== 9;
  const sample_rate = isClassic ? (flvRates[(first >> 2) & 3] ?? 0) : 0;
  return { codec, sample_rate, channel: isClassic ? (first & 1) + 1 : 0, profile: UNKNOWN };
}

/** As SRS writes it: "H264". */
function plain(codec: string): string {
  return codec.replace(/^H\.26/, "H26");
}
