import type { Packet } from "../../media/packet.ts";
import type { StartPoint } from "./start-point.ts";

/** Video counts as over when this many audio packets (SRS's number) and this much time have passed without any. */
const AUDIO_ONLY_PACKETS = 115;
const AUDIO_ONLY_MS = 10_000;

/** However long a GOP may be: each packet costs memory beside its bytes. */
const MAX_PACKETS = 1 << 16;

/** A GOP that may be started from no longer than these caps allow; 0 = no cap. */
export interface GopCaps {
  readonly gop_cache_max_frames: number;
  readonly gop_cache_max_bytes: number;
}

/**
 * The newest place where a reader may start. A GOP that outgrows its caps is given up until the next key frame, so nobody
 * ever joins in its middle; a stream without video, or whose video has stopped, may be joined anywhere.
 */
export class Gop {
  #start: StartPoint | undefined;
  #frames = 0;
  #bytes = 0;
  #videoSeen = false;
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

  /** No video, or none any more: every packet is a place to start. */
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
    this.#start = { seq, time, headers };
    this.#frames = 0;
    this.#bytes = 0;
    this.video(time, bytes);
  }

  /** A video packet (any, headers too) was appended. */
  video(time: number, bytes: number): void {
    this.#videoSeen = true;
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
    const most = frames > 0 ? Math.min(frames, MAX_PACKETS) : MAX_PACKETS;
    if (this.#frames > most || (limit > 0 && this.#bytes > limit)) this.#start = undefined;
  }
}
