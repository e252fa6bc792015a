import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { mainKey } from "../../live/source/encoder-tracks.ts";
import { isHeader, type Source, type SourceEnd, type SourceEvents } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { classify } from "../../media/classify.ts";
import { METADATA_NAME } from "../../media/data.ts";
import { PacketKind } from "../../media/packet.ts";
import type { EngineConfig } from "./config.ts";
import { compositionOf, decodedLater, type Priming } from "./output-track.ts";
import { metadataValues, resultMetadata } from "./result-metadata.ts";
import { TrackMerge } from "./track-merge.ts";

/** A target that could not be published is tried again after this time. */
const BUSY_RETRY_MS = 5000;
/** A frame that is this much earlier than the one before it shows that the source's time stepped back (`time_jitter = "off"`). */
export const STEP_BACK_MS = 20_000;
/** Duration of an audio frame before it is measured. */
const AUDIO_FRAME_MS = 24;

/** The destination of a result. */
export interface Target {
  /** For the log. */
  readonly label: string;
  /** Publishes the result; undefined if another publisher has the stream, or the vhost admits none: `problem` says why. */
  publish(events: SourceEvents): Source | undefined;
  readonly problem: string;
  /** The result has ended. */
  ended(how: SourceEnd): void;
}

/** The state of a track of a result. */
interface Newest {
  /** Decoding time of the newest frame, ms; -Infinity before the first. */
  time: number;
  /** The earliest presentation time of the next frame. */
  end: number;
  header: Uint8Array | undefined;
}

/** The newest frame's share in the average delay. */
const NEWEST_SHARE = 1 / 8;

const noValues = new Map();

/** The result of one engine: merges audio and video, from FFmpeg or directly from the stream, into a source of the target. */
export class Result {
  readonly engine: EngineConfig;
  readonly target: Target;
  readonly #input: Pick<Stream, "ageMs" | "timeline">;
  /** How far packets are behind the newest packet of the input, on average, ms. */
  #behindMs: number | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #merge: TrackMerge;
  readonly #newest: Readonly<Record<"video" | "audio", Newest>> = { video: newTrack(), audio: newTrack() };
  readonly #metadata = {
    source: noValues as NonNullable<ReturnType<typeof metadataValues>>,
    video: undefined as ReturnType<typeof metadataValues>,
    audio: undefined as ReturnType<typeof metadataValues>,
  };
  /** The newest time of frames that have left the merge. */
  #sent = Number.NEGATIVE_INFINITY;
  #source: Source | undefined;
  #askAt = Number.NEGATIVE_INFINITY;
  #loggedWhy = "";

  /** `input` is the stream whose time line its packets are on. */
  constructor(engine: EngineConfig, target: Target, input: Pick<Stream, "ageMs" | "timeline">, clock: Clock, log: Log) {
    this.engine = engine;
    this.#input = input;
    this.target = target;
    this.#clock = clock;
    this.#log = log;
    this.#merge = new TrackMerge(clock, (kind, time, payload) => this.#emit(kind, time, payload));
  }

  /** Whether it is published now. */
  get published(): boolean {
    return this.#source !== undefined;
  }

  /** The newest time of its frames, ms; -Infinity before the first. */
  get newestTime(): number {
    return Math.max(this.#newest.video.time, this.#newest.audio.time);
  }

  /** The source's time at which another run continues a track; -Infinity if the track has no frame yet. */
  endOf(kind: "video" | "audio"): number {
    return this.#newest[kind].end;
  }

  /** Whether a track is about to come. */
  expect(kind: "video" | "audio", expected: boolean): void {
    this.#merge.expect(kind === "video" ? PacketKind.Video : PacketKind.Audio, expected);
  }

  /** A packet of a track on the source's time line; `payload` belongs to the result. */
  push(kind: PacketKind, time: number, payload: Uint8Array): void {
    const track = kind === PacketKind.Video ? this.#newest.video : this.#newest.audio;
    if (isHeader(classify(kind, payload) & 0xff)) {
      this.#merge.push(kind, Math.max(time, track.time), payload, false);
      return;
    }
    if (track.time - time > STEP_BACK_MS) {
      Object.assign(track, { time: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY });
      this.#sent = Number.NEGATIVE_INFINITY;
    }
    // A new run begins with decoding times before its first picture, which may be before the last run's newest.
    const at = Math.max(time, track.time + 1, 0);
    const frame = at > time && kind === PacketKind.Video ? decodedLater(payload, at - time) : payload;
    track.end =
      kind === PacketKind.Video ? Math.max(track.end, at + compositionOf(frame) + 1) : at + stepOf(at - track.time);
    track.time = at;
    this.#merge.push(kind, at, frame);
  }

  /** The time of the audio header of a run that begins at `time`: before its priming packet. */
  audioHeaderTime(time: number): number {
    return this.#soundGoesOn ? Math.min(time, this.#newest.audio.end) : time;
  }

  /**
   * Takes a run's priming packet, before its first audio frame, which is at `time`. It fills the beginning of a gap: the last frame
   * before the gap has sound for the time behind it, and decoders play that with the next packet, at the next packet's time.
   */
  prime(priming: Priming, time: number): void {
    const { time: newest, end } = this.#newest.audio;
    // In a gap of less than half a frame it would move more sound than it keeps in place.
    const fills = this.#soundGoesOn && time - end >= (end - newest) / 2;
    const at = fills ? end : priming.time;
    if (at !== undefined) this.push(PacketKind.Audio, at, priming.payload);
  }

  /** Metadata of the source, or of FFmpeg about a track. */
  describe(from: "source" | "video" | "audio", payload: Uint8Array): void {
    const values = metadataValues(payload);
    if (values === undefined) return;
    this.#metadata[from] = values;
    if (this.#source !== undefined) this.#pushMetadata(this.#source);
  }

  /** A track comes from another maker: its earlier metadata no longer applies. */
  forget(kind: "video" | "audio"): void {
    this.#metadata[kind] = undefined;
    this.#newest[kind].header = undefined;
  }

  /** The stream has another encoder; a track that is not kept is gone, and later viewers must not wait for it. */
  keepTracks(video: boolean, audio: boolean): void {
    const kinds = [...(video ? [PacketKind.Video] : []), ...(audio ? [PacketKind.Audio] : [])];
    this.#source?.changeEncoder(new Set([METADATA_NAME, ...kinds.map(mainKey)]));
  }

  /** The source now comes through other servers. */
  reroute(hops: readonly string[]): void {
    this.#source?.reroute(hops);
  }

  /** No more packets come. */
  end(how: SourceEnd): void {
    this.#merge.flush();
    this.#source?.end(how);
    this.#source = undefined;
    this.#askAt = Number.POSITIVE_INFINITY;
    this.target.ended(how);
  }

  /** Whether audio can go on directly behind its newest frame: viewers have no later picture. */
  get #soundGoesOn(): boolean {
    return this.#newest.audio.end >= Math.max(this.#sent, 0);
  }

  #emit(kind: PacketKind, time: number, payload: Uint8Array): void {
    if (isHeader(classify(kind, payload) & 0xff))
      this.#newest[kind === PacketKind.Video ? "video" : "audio"].header = payload;
    else {
      this.#sent = Math.max(this.#sent, time);
      this.#source ??= this.#publish(time);
      this.#noteAge(time);
    }
    this.#source?.push(kind, time >>> 0, payload);
  }

  /** Updates the age of its packets: the input's age plus the engine's delay. */
  #noteAge(time: number): void {
    const behindMs = Math.max(0, this.#input.timeline.newest - time);
    this.#behindMs ??= behindMs;
    this.#behindMs += (behindMs - this.#behindMs) * NEWEST_SHARE;
    const age = this.#input.ageMs();
    this.#source?.receiveAge(age === undefined ? undefined : age + this.#behindMs);
  }

  #publish(time: number): Source | undefined {
    const now = this.#clock.now();
    if (now < this.#askAt) return undefined;
    this.#askAt = now + BUSY_RETRY_MS;
    const source = this.target.publish({
      replaced: (by) => this.#lost(`${by.remote} publishes it`),
      dismissed: (reason) => {
        this.#source?.end("lost");
        this.#lost(reason);
      },
    });
    if (source === undefined) {
      this.#lost(this.target.problem);
      return undefined;
    }
    this.#loggedWhy = "";
    this.#pushMetadata(source);
    const { video, audio } = this.#newest;
    if (video.header !== undefined) source.push(PacketKind.Video, time >>> 0, video.header);
    if (audio.header !== undefined) source.push(PacketKind.Audio, time >>> 0, audio.header);
    return source;
  }

  #lost(why: string): void {
    this.#source = undefined;
    if (this.#loggedWhy !== why) this.#log.warn("transcoded stream is not published", { to: this.target.label, why });
    this.#loggedWhy = why;
  }

  #pushMetadata(source: Source): void {
    const { source: values, video, audio } = this.#metadata;
    const newest = Math.max(this.newestTime, 0);
    source.push(PacketKind.Data, newest >>> 0, resultMetadata(values, video ?? values, audio ?? values));
  }
}

function newTrack(): Newest {
  return { time: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY, header: undefined };
}

/** The duration of an audio frame, by its distance from the one before. */
function stepOf(ms: number): number {
  return ms > 0 && ms < 5 * AUDIO_FRAME_MS ? ms : AUDIO_FRAME_MS;
}
