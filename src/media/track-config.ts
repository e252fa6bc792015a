import { readAudioSpecificConfig } from "./aac.ts";
import { readAc3, readEac3 } from "./ac3.ts";
import { av1Picture, readAv1Config } from "./av1.ts";
import { Codec } from "./codec.ts";
import { readFlacInfo } from "./flac.ts";
import { readMp3Header } from "./mp3.ts";
import { OPUS_RATE, readOpusHead } from "./opus.ts";
import { PacketKind } from "./packet.ts";
import type { PictureInfo } from "./sps.ts";
import { pictureIn, readVideoConfig } from "./video-config.ts";
import { readVp9Config, vp9Picture } from "./vp9.ts";

const NOTHING = new Uint8Array(0);
/** Samples in most packets of Opus: 20 ms. */
const OPUS_SAMPLES = 960;
/** Channels by AAC's channelConfiguration (ISO 14496-3, table 1.19); 0 lists them in the configuration, 8 to 10 are reserved. */
const aacChannels: readonly (number | undefined)[] = [
  undefined,
  ...[1, 2, 3, 4, 5, 6, 8],
  ...[undefined, undefined, undefined],
  ...[7, 8, 24, 8],
];

/** A video track's configuration for a decoder. */
export interface VideoTrackConfig {
  readonly kind: typeof PacketKind.Video;
  /** RFC 6381. */
  readonly codecs: string;
  /** The configuration record as it came; of VP9 without the head of its box. */
  readonly record: Uint8Array;
  readonly picture: PictureInfo;
}

/** An audio track's configuration for a decoder. */
export interface AudioTrackConfig {
  readonly kind: typeof PacketKind.Audio;
  /** RFC 6381. */
  readonly codecs: string;
  /** AudioSpecificConfig, OpusHead, STREAMINFO without its head, content of dac3 or dec3; empty for MP3. */
  readonly record: Uint8Array;
  /** Hz; the rate at which a frame's samples count: of HE-AAC, that of its core. */
  readonly sampleRate: number;
  /** Undefined where only the frames tell. */
  readonly channels: number | undefined;
  /** Samples of each channel in a frame; if frames differ, the number for a frame whose header can't be read. */
  readonly frameSamples: number;
  /** 0 where it is not known. */
  readonly bitsPerSample: number;
}

/** A track's configuration. */
export type TrackConfig = VideoTrackConfig | AudioTrackConfig;

/** A video header as a codec's reader gives it; the picture is missing if only frames have its size. */
interface VideoHeader {
  readonly codecs: string;
  readonly record: Uint8Array;
  readonly picture: PictureInfo | undefined;
}

/**
 * The configuration of a video track by its header and a frame, as far as they have come; otherwise the reason, in words. `name` is the
 * codec's. Throws `ProtocolError` for a broken record of H.264 or HEVC.
 */
export function readVideoTrack(
  codec: number,
  record: Uint8Array | undefined,
  frame: Uint8Array | undefined,
  name: string,
): VideoTrackConfig | string {
  const read = videoReaders[codec];
  if (read === undefined) return `the video is ${name}, not H.264, HEVC, AV1 or VP9`;
  if (record === undefined) return `the sequence header of ${name} is missing`;
  const header = read(record, frame ?? NOTHING);
  if (header === undefined) return `a configuration record of ${name} that can't be read`;
  const { codecs, picture } = header;
  if (picture === undefined) return noSize(name);
  return { kind: PacketKind.Video, codecs, record: header.record, picture };
}

function noSize(name: string): string {
  return `no key frame has told the size of ${name} yet`;
}

/** Whether a later frame may give what the configuration lacks; `problem` is the reason that a reader gave, `name` is the codec's. */
export function awaitsFrame(kind: PacketKind, codec: number, problem: string, name: string): boolean {
  return kind === PacketKind.Video ? problem === noSize(name) : codec in frameReaders;
}

/** Readers of a record and a frame, which may be empty, by codec. */
const videoReaders: Readonly<Record<number, (record: Uint8Array, frame: Uint8Array) => VideoHeader | undefined>> = {
  [Codec.H264]: (record, frame) => nalVideo(Codec.H264, record, frame),
  [Codec.Hevc]: (record, frame) => nalVideo(Codec.Hevc, record, frame),
  [Codec.Av1]: (record, frame) => {
    const config = readAv1Config(record);
    return config && { codecs: config.codecs, record, picture: config.picture ?? av1Picture(frame) };
  },
  [Codec.Vp9]: (record, frame) => {
    const config = readVp9Config(record);
    return config && { ...config, picture: vp9Picture(frame) };
  },
};

function nalVideo(codec: number, record: Uint8Array, frame: Uint8Array): VideoHeader {
  const config = readVideoConfig(codec, record);
  return { codecs: config.codecs, record, picture: config.picture ?? pictureIn(config, frame) };
}

/** The configuration of an audio track, as `readVideoTrack` reads that of a video track. Throws nothing. */
export function readAudioTrack(
  codec: number,
  record: Uint8Array | undefined,
  frame: Uint8Array | undefined,
  name: string,
): AudioTrackConfig | string {
  const fromHeader = headerReaders[codec];
  if (fromHeader !== undefined) {
    if (record === undefined) return `the sequence header of ${name} is missing`;
    return fromHeader(record) ?? `a sequence header of ${name} that can't be read`;
  }
  const fromFrame = frameReaders[codec];
  if (fromFrame === undefined) return `the sound is ${name}, not AAC, MP3, Opus, FLAC, AC-3 or E-AC-3`;
  return (frame && fromFrame(frame)) ?? `no frame of ${name} that can be read has come yet`;
}

type AudioReader = (bytes: Uint8Array) => AudioTrackConfig | undefined;

/** Readers of a sequence header, by codec. */
const headerReaders: Readonly<Record<number, AudioReader>> = {
  [Codec.Aac]: (record) => {
    const config = readAudioSpecificConfig(record);
    if (config === undefined) return undefined;
    const { sampleRate, frameSamples, ps, sbr, objectType, channelConfiguration } = config;
    const channels = ps ? 2 : aacChannels[channelConfiguration];
    return audio(`mp4a.40.${ps ? 29 : sbr ? 5 : objectType}`, record, sampleRate, channels, frameSamples);
  },
  [Codec.Opus]: (record) => {
    const head = readOpusHead(record);
    return head && audio("Opus", record, OPUS_RATE, head.channels, OPUS_SAMPLES);
  },
  [Codec.Flac]: (record) => {
    const info = readFlacInfo(record);
    if (info === undefined) return undefined;
    return audio("fLaC", info.streamInfo, info.sampleRate, info.channels, info.maxBlock, info.bitsPerSample);
  },
};

/** Readers of a frame, for codecs without a sequence header. */
const frameReaders: Readonly<Record<number, AudioReader>> = {
  [Codec.Mp3]: (frame) => {
    const header = readMp3Header(frame);
    return header && audio("mp4a.40.34", NOTHING, header.sampleRate, header.channels, header.samples);
  },
  [Codec.Ac3]: (frame) => {
    const info = readAc3(frame);
    return info && audio("ac-3", info.box, info.sampleRate, info.channels, info.samples);
  },
  [Codec.Eac3]: (frame) => {
    const info = readEac3(frame);
    return info && audio("ec-3", info.box, info.sampleRate, info.channels, info.samples);
  },
};

/** Whether configurations of a codec can be read. */
export function isKnownCodec(kind: PacketKind, codec: number): boolean {
  return (kind === PacketKind.Video ? [videoReaders] : [headerReaders, frameReaders]).some(
    (readers) => codec in readers,
  );
}

function audio(
  codecs: string,
  record: Uint8Array,
  sampleRate: number,
  channels: number | undefined,
  frameSamples: number,
  bitsPerSample = 0,
): AudioTrackConfig {
  return { kind: PacketKind.Audio, codecs, record, sampleRate, channels, frameSamples, bitsPerSample };
}
