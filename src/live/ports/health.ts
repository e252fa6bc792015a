/**
 * What may be wrong with a stream: `gop`, key frames are far apart; `av_skew`, audio and video are far apart; `timestamps`, its
 * times jump or are corrected; `headers`, frames come without their sequence header; `bitrate`, it is over its limit; `stall`,
 * audio or video has stopped; `drift`, its encoder's clock is faster or slower than this server's.
 */
export const HEALTH_STATES = ["gop", "av_skew", "timestamps", "headers", "bitrate", "stall", "drift"] as const;

/** What is wrong with a stream, in one word. */
export type HealthState = (typeof HEALTH_STATES)[number];

/** One thing that is wrong with a stream. */
export interface HealthReport {
  /** The stream's key. */
  readonly stream: string;
  readonly state: HealthState;
  /** Unix ms. */
  readonly since: number;
  /** The figures now, for people. */
  readonly detail: string;
}
