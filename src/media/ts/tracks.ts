// Hot: take and write run for each frame.
import { ProtocolError } from "../../base/errors.ts";
import {
  ADTS_HEADER_BYTES,
  adtsFixedHeader,
  adtsRefusal,
  MAX_ADTS_FRAME,
  readAudioSpecificConfig,
  writeAdtsHeader,
} from "../aac.ts";
import { AnnexB } from "../annex-b.ts";
import { Codec } from "../codec.ts";
import { DecodeTimes } from "../decode-times.ts";
import type { FrameReader } from "../frame.ts";
import { readVideoConfig, type VideoConfig } from "../video-config.ts";
import { MAX_PES_LENGTH, PES_DTS_BYTES } from "./pes.ts";
import { StreamType } from "./psi.ts";

/** What AAC frames need in a transport stream: the bits that all ADTS headers share, and the duration of a frame, ms. */
export interface AacConfig {
  readonly fixedHeader: number;
  readonly frameMs: number;
}

/** The stream type of a video codec (`codecNumber`); `StreamType.None` for one that is not carried here. */
export function videoStreamType(codec: number): number {
  if (codec === Codec.H264) return StreamType.H264;
  return codec === Codec.Hevc ? StreamType.Hevc : StreamType.None;
}

/** The stream type of an audio codec (`codecNumber`, which gives video and audio equal numbers). */
export function audioStreamType(codec: number): number {
  if (codec === Codec.Aac) return StreamType.AdtsAac;
  return codec === Codec.Mp3 || codec === Codec.Mp3At8kHz ? StreamType.Mp3 : StreamType.None;
}

/** Reads a sequence header for AAC. Throws `ProtocolError` with the reason if ADTS can't carry it. */
export function readAacConfig(record: Uint8Array): AacConfig {
  const config = readAudioSpecificConfig(record);
  if (config === undefined) throw new ProtocolError("an AudioSpecificConfig that can't be read");
  const refusal = adtsRefusal(config);
  if (refusal !== undefined) throw new ProtocolError(refusal);
  return { fixedHeader: adtsFixedHeader(config), frameMs: (config.frameSamples * 1000) / config.sampleRate };
}

/** A stream's video: its configuration in force, and the last frame taken. */
export class VideoTrack {
  config: VideoConfig | undefined;
  readonly #annexB = new AnnexB();
  readonly #times = new DecodeTimes();
  /** The last frame: its size as written in bytes, its times in ms. */
  size = 0;
  pts = 0;
  dts = 0;
  key = false;

  /** Takes a sequence header; after a broken one the track has no configuration. */
  setHeader(codec: number, record: Uint8Array): void {
    this.config = kept(this.config, () => readVideoConfig(codec, record), sameVideo);
  }

  /**
   * Takes a frame with its packet's time. False if it can't be sent: no configuration of its codec, no bytes, or wrong lengths.
   * `dts` is the decoding time if it was known before.
   */
  take(frame: FrameReader, payload: Uint8Array, time: number, key: boolean, dts: number | undefined): boolean {
    const { config } = this;
    if (config === undefined || config.codec !== frame.codec) return false;
    this.#annexB.take(config, payload, frame.start, frame.end, key);
    this.size = this.#annexB.size;
    if (this.size === 0) return false;
    this.key = key;
    this.pts = time + frame.composition;
    this.dts = dts ?? this.#times.take(time, this.pts, key, config.picture);
    return true;
  }

  /** Writes the last frame taken, whose payload must still be there. */
  write(out: Uint8Array, at: number): void {
    this.#annexB.write(out, at);
  }
}

/** A stream's audio: its configuration in force, and the last frame taken. */
export class AudioTrack {
  config: AacConfig | undefined;
  #payload: Uint8Array | undefined;
  #start = 0;
  #length = 0;
  #aac = false;
  /** Size of the last frame as written, bytes. */
  size = 0;
  streamType: number = StreamType.None;

  /** The last frame's duration, ms; 0 where it is unknown. */
  get frameMs(): number {
    return this.#aac ? (this.config?.frameMs ?? 0) : 0;
  }

  /** Takes a sequence header; after one that ADTS can't carry the track has no configuration. */
  setHeader(codec: number, record: Uint8Array): void {
    if (codec !== Codec.Aac) this.config = undefined;
    else this.config = kept(this.config, () => readAacConfig(record), sameAac);
  }

  /** Takes a frame. False if it can't be sent: no configuration, another codec, no bytes or too many. */
  take(frame: FrameReader, payload: Uint8Array): boolean {
    this.streamType = audioStreamType(frame.codec);
    this.#aac = this.streamType === StreamType.AdtsAac;
    this.#payload = payload;
    this.#start = frame.start;
    this.#length = frame.end - frame.start;
    if (this.#length === 0) return false;
    if (this.#aac) {
      this.size = ADTS_HEADER_BYTES + this.#length;
      return this.config !== undefined && this.#length <= MAX_ADTS_FRAME;
    }
    this.size = this.#length;
    return this.streamType === StreamType.Mp3 && this.#length <= MAX_PES_LENGTH - PES_DTS_BYTES;
  }

  /** Writes the last frame taken, whose payload must still be there. */
  write(out: Uint8Array, at: number): void {
    const { config } = this;
    const payload = this.#payload;
    if (payload === undefined) return;
    let to = at;
    if (this.#aac && config !== undefined) to = writeAdtsHeader(out, at, config.fixedHeader, this.#length);
    out.set(payload.subarray(this.#start, this.#start + this.#length), to);
  }
}

/** The value read, or the old one if they are equal, as encoders repeat their headers. */
function kept<T>(old: T | undefined, read: () => T, same: (a: T, b: T) => boolean): T | undefined {
  try {
    const found = read();
    return old !== undefined && same(old, found) ? old : found;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

function sameVideo(a: VideoConfig, b: VideoConfig): boolean {
  if (a.codec !== b.codec || a.lengthBytes !== b.lengthBytes || a.codecs !== b.codecs) return false;
  const [x, y] = [a.parameterSets, b.parameterSets];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

function sameAac(a: AacConfig, b: AacConfig): boolean {
  return a.fixedHeader === b.fixedHeader && a.frameMs === b.frameMs;
}
