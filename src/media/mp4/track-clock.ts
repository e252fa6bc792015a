// Hot: take runs for each sample.
import { DecodeTimes } from "../decode-times.ts";
import { PacketKind } from "../packet.ts";
import type { Mp4Track } from "./tracks.ts";

/** An audio frame whose time differs by no more than this (ms) from the end of the frames before it begins at that end. */
const MAX_DRIFT_MS = 20;
/** A trun has 32 bits for a duration. */
const MAX_DURATION = 2 ** 32 - 1;
/** Times stay whole numbers below this. */
const MAX_TIME = 2 ** 52;
/** Duration of a video frame if neither earlier frames nor the SPS show it, ms. */
const FRAME_MS = 40;

/**
 * Decode times of a track, in its ticks from `origin` on. Video has those of its packets. Audio counts samples, so that the rounding of
 * RTMP's milliseconds makes no gaps, until a packet's time is more than `MAX_DRIFT_MS` away: then audio continues at that time. Times grow
 * by at least 1. `begin` forgets earlier samples, so that later times are a function of the later packets alone.
 */
export class TrackClock {
  readonly #isVideo: boolean;
  readonly #ticksPerMs: number;
  readonly #picture;
  readonly #origin: number;
  readonly #drift: number;
  readonly #times = new DecodeTimes();
  #fresh = true;
  /** Duration of the last sample, in ticks. */
  #last = 0;
  /** Video: distance of the last two samples; audio: duration of the last frame; ticks. */
  #distance = 0;

  /** `origin` is the time, ms, from which ticks count. */
  constructor({ timescale, config }: Mp4Track, origin: number) {
    this.#isVideo = config.kind === PacketKind.Video;
    this.#ticksPerMs = timescale / 1000;
    this.#picture = config.kind === PacketKind.Video ? config.picture : undefined;
    this.#origin = origin;
    this.#drift = this.#isVideo ? 0 : MAX_DRIFT_MS * this.#ticksPerMs;
    this.begin();
  }

  /** Begins anew with the next sample. */
  begin(): void {
    this.#fresh = true;
    this.#times.reset();
    this.#distance = this.#isVideo ? Math.round((this.#picture?.frameMs ?? FRAME_MS) * this.#ticksPerMs) : 0;
  }

  /** The end of the last sample, if no other sample follows, in ticks. */
  get end(): number {
    return this.#last + this.#distance;
  }

  /** The decode time of a sample with a packet's time and presentation time, ms; `samples` is an audio frame's duration. */
  take(time: number, pts: number, key: boolean, samples: number): number {
    const at = this.#place(this.#isVideo ? this.#times.take(time, pts, key, this.#picture) : time);
    if (!this.#isVideo) this.#distance = samples;
    else if (!this.#fresh) this.#distance = at - this.#last;
    this.#last = at;
    this.#fresh = false;
    return at;
  }

  /** The decode time that the next sample will have; `anew` when the clock begins anew before it. */
  peek(time: number, pts: number, key: boolean, anew: boolean): number {
    const at = this.#place(this.#isVideo ? this.#times.peek(time, pts, key, this.#picture, anew) : time, anew);
    return Math.min(Math.max(at, this.#last + 1), this.#last + MAX_DURATION);
  }

  /** The presentation time in ticks. */
  ticks(time: number): number {
    return Math.round((time - this.#origin) * this.#ticksPerMs);
  }

  #place(time: number, fresh = this.#fresh): number {
    const stamp = Math.min(Math.max(0, this.ticks(time)), MAX_TIME);
    if (fresh) return stamp;
    const { end } = this;
    const at = !this.#isVideo && Math.abs(stamp - end) <= this.#drift ? end : stamp;
    return Math.min(Math.max(at, this.#last + 1), this.#last + MAX_DURATION);
  }
}
