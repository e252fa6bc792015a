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
}

/** A key frame is this many times larger than others. */
const KEY_WEIGHT = 4;
const AUDIO_KBPS = 64;
/** Audio takes no more of the bitrate than this. */
const AUDIO_SHARE = 1 / 4;

/** Shared by all streams of one shape: frames are made in its buffers, one at a time. */
export class SyntheticKit {
  readonly key: SyntheticFrame;
  readonly delta: SyntheticFrame;
  /** AAC tag body. */
  readonly audio: Uint8Array;
  readonly frameMs: number;
  readonly gopFrames: number;
  /** Metadata and sequence headers. */
  readonly headers: readonly SourceMessage[];

  constructor({ kbps, fps, gopSeconds }: SyntheticShape) {
    this.frameMs = 1000 / fps;
    this.gopFrames = Math.max(1, Math.round(fps * gopSeconds));
    const audioKbps = Math.min(AUDIO_KBPS, kbps * AUDIO_SHARE);
    this.audio = silentFrame(Math.round((audioKbps * aacFrameMs) / 8));
    const gopBytes = ((kbps - audioKbps) * this.frameMs * this.gopFrames) / 8;
    const frameBytes = gopBytes / (this.gopFrames + KEY_WEIGHT - 1);
    this.key = new SyntheticFrame(true, Math.round(frameBytes * KEY_WEIGHT));
    this.delta = new SyntheticFrame(false, Math.round(frameBytes));
    const message = (kind: PacketKind, payload: Uint8Array): SourceMessage => ({ kind, timestamp: 0, payload });
    this.headers = [
      message(PacketKind.Data, metadata(kbps - audioKbps, audioKbps, fps)),
      message(PacketKind.Video, Uint8Array.from([0x17, 0, 0, 0, 0, ...avcConfiguration])),
      message(PacketKind.Audio, Uint8Array.from([0xaf, 0, ...aacConfiguration])),
    ];
  }
}

/** A stream that looks real to servers; its video frames carry their number and the time they were sent. */
export class SyntheticSource implements MediaSource {
  readonly #kit: SyntheticKit;
  readonly #id: number;
  #frames = 0;
  #audioFrames = 0;
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
    if (this.#audioMs < this.#videoMs) {
      this.kind = PacketKind.Audio;
      this.timestamp = this.#audioMs;
      this.payload = this.#kit.audio;
      this.key = false;
      this.#audioFrames++;
      return;
    }
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

function metadata(videoKbps: number, audioKbps: number, fps: number): Uint8Array {
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
  };
  return encodeAmf0(["@setDataFrame", METADATA_NAME, AmfObject.ecma(values)]);
}
