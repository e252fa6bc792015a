// Hot: next runs for each message of each publisher.
import { encodeAmf0 } from "../amf/amf0.ts";
import { AmfObject } from "../amf/value.ts";
import { METADATA_NAME } from "../media/data.ts";
import { PacketKind } from "../media/packet.ts";
import { aacConfiguration, aacFrameMs, avcConfiguration, pictureSize } from "./picture.ts";
import type { MediaSource, SourceMessage } from "./source.ts";
import { silentFrame } from "./synthetic-audio.ts";
import { SyntheticFrame } from "./synthetic-frame.ts";

/** The properties of a synthetic stream. */
export interface SyntheticShape {
  /** Bitrate of audio and video together. */
  readonly kbps: number;
  readonly fps: number;
  /** Time from one key frame to the next. */
  readonly gopSeconds: number;
  /** Audio tracks, all of the same sound; 1 by default. */
  readonly audioTracks?: number;
}

/** A key frame is this many times larger than others. */
const KEY_WEIGHT = 4;
const AUDIO_KBPS = 64;
/** Audio takes no more of the bitrate than this. */
const AUDIO_SHARE = 1 / 4;
const AAC_SEQUENCE_HEADER = 0;
const AAC_RAW = 1;
const MP4A = new TextEncoder().encode("mp4a");

/** Shared by all streams of one shape: frames are made in its buffers, one at a time. */
export class SyntheticKit {
  readonly key: SyntheticFrame;
  readonly delta: SyntheticFrame;
  /** A frame of each audio track. */
  readonly audio: readonly Uint8Array[];
  readonly frameMs: number;
  readonly gopFrames: number;
  /** Metadata and sequence headers. */
  readonly headers: readonly SourceMessage[];

  constructor({ kbps, fps, gopSeconds, audioTracks = 1 }: SyntheticShape) {
    this.frameMs = 1000 / fps;
    this.gopFrames = Math.max(1, Math.round(fps * gopSeconds));
    const audioKbps = Math.min(AUDIO_KBPS, (kbps * AUDIO_SHARE) / audioTracks);
    const videoKbps = kbps - audioKbps * audioTracks;
    const tracks = Array.from({ length: audioTracks }, (_, track) => track);
    const frame = silentFrame(Math.round((audioKbps * aacFrameMs) / 8));
    this.audio = tracks.map((track) => audioTag(track, AAC_RAW, frame.subarray(2)));
    const gopBytes = (videoKbps * this.frameMs * this.gopFrames) / 8;
    const frameBytes = gopBytes / (this.gopFrames + KEY_WEIGHT - 1);
    this.key = new SyntheticFrame(true, Math.round(frameBytes * KEY_WEIGHT));
    this.delta = new SyntheticFrame(false, Math.round(frameBytes));
    const message = (kind: PacketKind, payload: Uint8Array): SourceMessage => ({ kind, timestamp: 0, payload });
    this.headers = [
      message(PacketKind.Data, metadata(videoKbps, audioKbps, fps, audioTracks)),
      message(PacketKind.Video, Uint8Array.from([0x17, 0, 0, 0, 0, ...avcConfiguration])),
      ...tracks.map((track) => message(PacketKind.Audio, audioTag(track, AAC_SEQUENCE_HEADER, aacConfiguration))),
    ];
  }
}

/** A stream that looks real to servers; its video frames carry their number and the time they were sent. */
export class SyntheticSource implements MediaSource {
  readonly #kit: SyntheticKit;
  readonly #id: number;
  #frames = 0;
  #audioFrames = 0;
  /** The audio track whose frame comes next. */
  #track = 0;
  kind: PacketKind = PacketKind.Video;
  timestamp = 0;
  payload: Uint8Array;
  key = true;

  /** `id` (u32) distinguishes a stream from another one that replaces it. */
  constructor(kit: SyntheticKit, id: number) {
    this.#kit = kit;
    this.#id = id;
    this.payload = kit.key.payload;
  }

  get dueMs(): number {
    return Math.min(this.#videoMs, this.#audioMs);
  }

  next(nowUs: number): void {
    const { audio } = this.#kit;
    const frame = this.#audioMs < this.#videoMs ? audio[this.#track] : undefined;
    if (frame === undefined) {
      this.#picture(nowUs);
      return;
    }
    this.kind = PacketKind.Audio;
    this.timestamp = this.#audioMs;
    this.payload = frame;
    this.key = false;
    if (++this.#track < audio.length) return;
    this.#track = 0;
    this.#audioFrames++;
  }

  #picture(nowUs: number): void {
    const sinceKey = this.#frames % this.#kit.gopFrames;
    const frame = sinceKey === 0 ? this.#kit.key : this.#kit.delta;
    frame.stamp(this.#id, this.#frames, nowUs, sinceKey);
    this.kind = PacketKind.Video;
    this.timestamp = Math.round(this.#videoMs);
    this.payload = frame.payload;
    this.key = sinceKey === 0;
    this.#frames++;
  }

  get #videoMs(): number {
    return this.#frames * this.#kit.frameMs;
  }

  get #audioMs(): number {
    return this.#audioFrames * aacFrameMs;
  }
}

/** An AAC tag body (FLV 10.1, E.4.2); that of a further track is a Multitrack one of OneTrack (Enhanced RTMP v2). */
function audioTag(track: number, type: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from(track === 0 ? [0xaf, type, ...content] : [0x95, type, ...MP4A, track, ...content]);
}

function metadata(videoKbps: number, audioKbps: number, fps: number, tracks: number): Uint8Array {
  const names = Array.from({ length: tracks }, (_, track) => [track, AmfObject.of({ name: `Sound ${track + 1}` })]);
  const values = {
    ...pictureSize,
    videocodecid: 7,
    videodatarate: videoKbps,
    framerate: fps,
    audiocodecid: 10,
    audiodatarate: audioKbps,
    audiosamplerate: 32000,
    audiochannels: 1,
    stereo: false,
    encoder: "srs bench",
    ...(tracks > 1 ? { audioTrackIdInfoMap: AmfObject.of(Object.fromEntries(names)) } : {}),
  };
  return encodeAmf0(["@setDataFrame", METADATA_NAME, AmfObject.ecma(values)]);
}
