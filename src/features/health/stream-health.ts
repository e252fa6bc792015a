import type { HealthState } from "../../live/ports/health.ts";
import type { EncoderStart } from "../../live/source/encoder-tracks.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { PacketKind } from "../../media/packet.ts";
import { ClockDrift } from "./clock-drift.ts";
import { Condition, type Level } from "./condition.ts";
import type { HealthConfig } from "./config.ts";

/** Rates and corrections are measured over this many looks, a second apart. */
const WINDOW_LOOKS = 10;
/** A value up to this share of its threshold is clearly well. */
const WELL_SHARE = 0.9;
/** Viewers notice a larger distance between audio and video, ms. */
const MAX_SKEW_MS = 1000;
/** Maximum number of timestamps held back within the window; a few are normal. */
const MAX_HELD = 10;

/** Thresholds of one stream. */
export interface Thresholds extends HealthConfig {
  /** The publisher's bitrate limit, kbit/s; 0 without one. */
  readonly max_publish_kbps: number;
}

/** The begin or the end of one state. */
export interface HealthChange {
  readonly state: HealthState;
  readonly detail: string;
  /** How long the state lasted, ms; undefined when it begins. */
  readonly lastedMs: number | undefined;
}

/** The result of one look at one state. */
interface Found {
  readonly level: Level;
  readonly detail: string;
}

/** The counters at one look. */
interface Sample {
  readonly bytes: number;
  readonly audioFrames: number;
  readonly videoFrames: number;
  readonly jumps: number;
  readonly held: number;
}

/** Numbers of corrected timestamps of a stream. */
type Corrected = Pick<Sample, "jumps" | "held">;

const WELL: Found = { level: "well", detail: "" };
const UNSURE: Found = { level: "unsure", detail: "" };

/** The health of one published stream, by the counters of its active source, which are looked at once a second. */
export class StreamHealth {
  readonly #stream: Stream;
  readonly #states: Readonly<Record<HealthState, { readonly condition: Condition; detail: string }>> = {
    gop: { condition: new Condition(), detail: "" },
    av_skew: { condition: new Condition(), detail: "" },
    timestamps: { condition: new Condition(), detail: "" },
    headers: { condition: new Condition(), detail: "" },
    bitrate: { condition: new Condition(), detail: "" },
    stall: { condition: new Condition(), detail: "" },
    drift: { condition: new Condition(), detail: "" },
  };
  readonly #drift = new ClockDrift();
  #source: Source | undefined;
  #samples: Sample[] = [];
  /** Numbers of timestamps that were corrected before the stream was published. */
  readonly #corrected: Corrected;
  /** The last looks that found new frames of each kind, monotonic ms; undefined before the first. */
  #audioAt: number | undefined;
  #videoAt: number | undefined;
  /** The present encoder, and the number of the source's frames of each kind that earlier encoders sent. */
  #encoder: EncoderStart | undefined;
  #earlier = { audio: 0, video: 0 };
  /** Number of jumps that the timeline had bridged at the last look. */
  #bridged = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#corrected = this.#corrections();
  }

  /** The states that hold now. `since` is monotonic ms. */
  *current(): Iterable<{ readonly state: HealthState; readonly since: number; readonly detail: string }> {
    for (const [state, { condition, detail }] of Object.entries(this.#states))
      if (condition.since !== undefined) yield { state: state as HealthState, since: condition.since, detail };
  }

  /** Looks at the stream at `now`, monotonic ms, about once a second. Returns the changes. */
  look(now: number, thresholds: Thresholds): HealthChange[] {
    const { source } = this.#stream;
    if (source === undefined) return [];
    const before = this.#take(source, now);
    const found: Record<HealthState, Found> = {
      gop: this.#gop(source, thresholds.max_gop),
      av_skew: this.#skew(now, before),
      timestamps: this.#timestamps(before),
      headers: headers(source),
      bitrate: this.#bitrate(source, before, thresholds.max_bitrate || thresholds.max_publish_kbps),
      stall: this.#stall(source, now, thresholds.max_silence),
      drift: this.#clock(),
    };
    return Object.entries(found).flatMap(([name, { level, detail }]) => {
      const state = name as HealthState;
      const known = this.#states[state];
      const { since } = known.condition;
      const change = known.condition.look(level, now);
      if (level === "ill") known.detail = detail;
      if (change === undefined) return [];
      return [{ state, detail: known.detail, lastedMs: since === undefined ? undefined : now - since }];
    });
  }

  /** Takes a sample of the counters; returns the oldest sample of the window. */
  #take(source: Source, now: number): Sample {
    const { timeline, tracks } = this.#stream;
    const encoder = tracks.starts.at(-1);
    const { bytes, frames, videoFrames } = source;
    const audioFrames = frames - videoFrames;
    const sample = { bytes, audioFrames, videoFrames, ...this.#corrections() };
    if (source !== this.#source) {
      // Corrections of the first source before the first look count, too.
      const corrected = this.#source === undefined ? this.#corrected : undefined;
      this.#source = source;
      // A source that took over has sent for a while, and a relay begins with a burst: their bytes before this look don't count.
      const isNew =
        now - source.since < WINDOW_LOOKS * 1000 && source.info.hops.length === 0 && source.info.via === "client";
      this.#samples = [isNew ? { ...sample, ...corrected, bytes: 0 } : sample];
      this.#audioAt = undefined;
      this.#videoAt = undefined;
      this.#earlier = { audio: 0, video: 0 };
      this.#drift.reset();
    } else if (encoder !== this.#encoder) {
      // A new encoder may lack tracks of the one before.
      this.#audioAt = undefined;
      this.#videoAt = undefined;
      this.#earlier = { audio: audioFrames, video: videoFrames };
    }
    this.#encoder = encoder;
    const { audio, video } = this.#earlier;
    const last = this.#samples.at(-1) ?? sample;
    if (audioFrames > Math.max(last.audioFrames, audio) || (this.#audioAt === undefined && audioFrames > audio))
      this.#audioAt = now;
    if (videoFrames > Math.max(last.videoFrames, video) || (this.#videoAt === undefined && videoFrames > video))
      this.#videoAt = now;
    this.#samples.push(sample);
    if (this.#samples.length > WINDOW_LOOKS + 1) this.#samples.shift();
    if (timeline.bridged !== this.#bridged) this.#drift.reset();
    this.#bridged = timeline.bridged;
    if (frames > 0) this.#drift.add(timeline.newest, timeline.newestAt);
    return this.#samples[0] ?? sample;
  }

  #corrections(): Corrected {
    const { corrections } = this.#stream;
    return { jumps: corrections.of("jump"), held: corrections.of("held") };
  }

  #gop({ gopMs, openGopMs, videoFrames }: Source, maxSeconds: number): Found {
    if (maxSeconds === 0 || videoFrames === 0) return WELL;
    // The distance of two key frames means nothing after a jump.
    if (this.#states.timestamps.condition.since !== undefined || this.#jumped(this.#samples[0])) return UNSURE;
    const seconds = Math.max(gopMs, openGopMs) / 1000;
    const distance = gopMs === 0 ? "no key frame for" : "key frames";
    return above(seconds, maxSeconds, () => `${distance} ${seconds.toFixed(1)} s${gopMs === 0 ? "" : " apart"}`);
  }

  #skew(now: number, before: Sample): Found {
    const { times } = this.#stream.timeline;
    const [audio, video] = [times.of(PacketKind.Audio, 0), times.of(PacketKind.Video, 0)];
    const last = this.#samples.at(-1);
    if (this.#audioAt === undefined || this.#videoAt === undefined || last === undefined) return WELL;
    // A track that pauses is reported as a stall, not as a skew.
    if (now - Math.min(this.#audioAt, this.#videoAt) > MAX_SKEW_MS || !Number.isFinite(audio - video)) return UNSURE;
    const apart = Math.abs(audio - video);
    // Frames of slide shows are a second and more apart, which is no skew.
    const frames = Math.max(1, last.videoFrames - before.videoFrames);
    const frameMs = (1000 * (this.#samples.length - 1)) / frames;
    const ahead = audio > video ? "audio is ahead of video" : "video is ahead of audio";
    return above(apart, MAX_SKEW_MS + frameMs, () => `${ahead} by ${Math.round(apart)} ms`);
  }

  #timestamps(before: Sample): Found {
    const last = this.#samples.at(-1) ?? before;
    const [jumps, held] = [last.jumps - before.jumps, last.held - before.held];
    if (jumps === 0 && held <= MAX_HELD * WELL_SHARE) return WELL;
    if (jumps === 0 && held <= MAX_HELD) return UNSURE;
    return { level: "ill", detail: `${jumps} jumps, ${held} held back within ${WINDOW_LOOKS} s` };
  }

  #jumped(before: Sample | undefined): boolean {
    const last = this.#samples.at(-1);
    return before !== undefined && last !== undefined && last.jumps > before.jumps;
  }

  #bitrate({ bytes }: Source, before: Sample, max: number): Found {
    if (max === 0) return WELL;
    const kbps = ((bytes - before.bytes) * 8) / 1000 / WINDOW_LOOKS;
    return above(kbps, max, () => `${Math.round(kbps)} kbit/s, ${max} is the limit`);
  }

  #stall({ lastMediaAt }: Source, now: number, maxMs: number): Found {
    if (maxMs === 0) return WELL;
    const ill = (what: string, ms: number): Found => ({
      level: "ill",
      detail: `no ${what} for ${Math.round(ms / 1000)} s`,
    });
    if (now - lastMediaAt > maxMs) return ill("audio or video", now - lastMediaAt);
    if (this.#videoAt !== undefined && now - this.#videoAt > maxMs) return ill("video", now - this.#videoAt);
    if (this.#audioAt !== undefined && now - this.#audioAt > maxMs) return ill("audio", now - this.#audioAt);
    return WELL;
  }

  #clock(): Found {
    const { rate } = this.#drift;
    if (rate === 0) return WELL;
    const speed = `${(Math.abs(rate) * 100).toFixed(1)} % ${rate > 0 ? "fast" : "slow"}`;
    return { level: "ill", detail: `the encoder's clock is ${speed}` };
  }
}

function headers({ missingHeader }: Source): Found {
  if (missingHeader === undefined) return WELL;
  return { level: "ill", detail: `${missingHeader} without its sequence header` };
}

function above(value: number, max: number, detail: () => string): Found {
  if (value <= max * WELL_SHARE) return WELL;
  return value <= max ? UNSURE : { level: "ill", detail: detail() };
}
