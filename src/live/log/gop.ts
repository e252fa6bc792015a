import type { Packet } from "../../media/packet.ts";
import type { StartPoint } from "./start-point.ts";

/** Video has ended when this many audio packets (SRS's number) and this much time have passed without a video packet. */
const AUDIO_ONLY_PACKETS = 115;
const AUDIO_ONLY_MS = 10_000;

/** Limit on the packets of a GOP, whatever its duration: each packet costs memory besides its bytes. */
const MAX_PACKETS = 1 << 16;

/** Limits of a GOP that readers may start from; 0 = no limit. */
export interface GopCaps {
  readonly gop_cache_max_frames: number;
  readonly gop_cache_max_bytes: number;
}

/**
 * The newest place where a reader may start. A GOP that exceeds its limits is given up until the next key frame, so no reader
 * starts in its middle. A stream without video, or whose video has ended, has a start point at every packet.
 */
export class Gop {
  #start: StartPoint | undefined;
  #frames = 0;
  #bytes = 0;
  #videoSeen = false;
  /** Whether all video since the start is key frames. */
  #onlyKeys = false;
  #audioSinceVideo = 0;
  #lastVideoTime = 0;
  /** May change at any time. */
  caps: GopCaps;

  constructor(caps: GopCaps) {
    this.caps = caps;
  }

  get start(): StartPoint | undefined {
    return this.#start;
  }

  /** No video, or video has ended: every packet is a start point. */
  get audioOnly(): boolean {
    return !this.#videoSeen;
  }

  clear(): void {
    this.#start = undefined;
    this.#videoSeen = false;
    this.#audioSinceVideo = 0;
  }

  /** A key frame was appended at `seq`. */
  key(seq: number, time: number, bytes: number, headers: readonly Packet[]): void {
    // Some encoders send a picture in several messages, each marked as a key frame: readers start at the first one.
    const isMore = this.#onlyKeys && this.#start?.time === time;
    if (!isMore) {
      this.#start = { seq, time, headers };
      this.#frames = 0;
      this.#bytes = 0;
    }
    this.video(time, bytes);
    this.#onlyKeys = true;
  }

  /** A video packet was appended: a frame, a header or any other. */
  video(time: number, bytes: number): void {
    this.#videoSeen = true;
    this.#onlyKeys = false;
    this.#audioSinceVideo = 0;
    this.#lastVideoTime = time;
    this.#count(bytes);
  }

  /** An audio packet was appended. */
  audio(time: number, bytes: number): void {
    this.#audioSinceVideo++;
    const over = this.#audioSinceVideo > AUDIO_ONLY_PACKETS && time - this.#lastVideoTime > AUDIO_ONLY_MS;
    if (this.#videoSeen && over) this.clear();
    this.#count(bytes);
  }

  /** A data packet was appended. */
  data(bytes: number): void {
    this.#count(bytes);
  }

  #count(bytes: number): void {
    if (this.#start === undefined) return;
    this.#frames++;
    this.#bytes += bytes;
    const { gop_cache_max_frames: frames, gop_cache_max_bytes: limit } = this.caps;
    const max = frames > 0 ? Math.min(frames, MAX_PACKETS) : MAX_PACKETS;
    if (this.#frames > max || (limit > 0 && this.#bytes > limit)) this.#start = undefined;
  }
}
