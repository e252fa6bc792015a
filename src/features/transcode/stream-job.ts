// Hot: send runs for each flush of each stream that has engines.
import type { Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { PacketSink } from "../../live/readers/format.ts";
import type { PacketRange } from "../../live/readers/packet-reader.ts";
import type { Reader } from "../../live/readers/reader.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";
import { type Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { containerOf, type TrackCodec } from "./codecs.ts";
import { EngineGroup, type GroupContext, type GroupTotals } from "./engine-group.ts";
import type { InputMuxer } from "./input-muxer.ts";
import { type Actions, actionsOf, type Group, groupsOf } from "./plan.ts";
import type { Result } from "./result.ts";
import { SeenTracks } from "./stream-tracks.ts";

/** If the second track of a new stream does not come within this time, the stream counts as having one track. */
const SETTLE_MS = 1000;
/** Maximum number of packets kept until the tracks are known. */
const MAX_PENDING = 4096;
/** Minimum time between two log lines that a stream can't be transcoded: its codecs may change all the time. */
const LOG_MS = 60_000;

/** What a job needs from outside. */
export interface JobContext extends GroupContext {
  readonly log: Log;
  /** The FFmpeg of engines that name none. */
  readonly ffmpeg: string;
  /** The muxer of a container; `samples` are the tracks' sequence headers, or frames of codecs that have none. */
  muxerOf(container: "flv" | "mp4", audio: boolean, video: boolean, samples: readonly Packet[]): InputMuxer;
  readonly totals: GroupTotals;
}

/** A result with its engine's name. */
export interface NamedResult {
  readonly name: string;
  readonly result: Result;
}

/** All engines of one published stream. It looks at the stream's codecs, and passes on what no engine encodes. */
export class StreamJob implements PacketSink {
  readonly batched = true;
  readonly stream: Stream;
  readonly #context: JobContext;
  #results: readonly NamedResult[];
  readonly #reader: Reader<PacketRange>;
  readonly #tracks = new SeenTracks();
  #actions = new Map<Result, Actions>();
  #groups: EngineGroup[] = [];
  /** Packets that wait until the stream's tracks are known. */
  #pending: Packet[] | undefined = [];
  #settling: Timer | undefined;
  #metadata: Uint8Array | undefined;
  #over = false;
  /** Why groups of the present plan have no FFmpeg. */
  #refusals: ReadonlySet<string> = new Set();
  #refusalLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(context: JobContext, stream: Stream, results: readonly NamedResult[]) {
    this.#context = context;
    this.stream = stream;
    this.#results = results;
    this.#reader = stream.tap(this);
  }

  get groups(): readonly EngineGroup[] {
    return this.#groups;
  }

  get results(): readonly NamedResult[] {
    return this.#results;
  }

  send(range: PacketRange): boolean {
    if (this.#over) return true;
    const { start } = range;
    if (start !== undefined) {
      for (const header of start.headers) this.#take(header, start.time);
    }
    const encoders = this.stream.tracks.starts.filter(({ seq }) => seq >= range.from && seq < range.to);
    range.forEach((packet, seq) => {
      for (const encoder of encoders) if (encoder.seq === seq) this.#encoderChanged(encoder.headers);
      this.#take(packet, packet.time);
    });
    const { video, audio } = this.#tracks;
    if (this.#pending !== undefined && ((video && audio) || this.#pending.length > MAX_PENDING)) this.#settle();
    return true;
  }

  /** The configuration has other engines for the stream; results that stay continue. */
  change(results: readonly NamedResult[]): void {
    const kept = new Set(results.map(({ result }) => result));
    for (const { result } of this.#results) if (!kept.has(result)) result.end("unpublished");
    const before = new Set(this.#results.map(({ result }) => result));
    this.#results = results;
    if (this.#pending !== undefined) return;
    this.#plan();
    for (const { result } of results) {
      if (before.has(result)) continue;
      if (this.#metadata !== undefined) result.describe("source", this.#metadata);
      for (const header of this.#tracks.headers) this.#pass(result, header, header.time);
    }
  }

  /** The stream now comes through other servers. */
  reroute(hops: readonly string[]): void {
    for (const { result } of this.#results) result.reroute(hops);
  }

  /** The stream has ended. FFmpeg finishes what it has, then the results end, and `gone` is called. */
  finish(how: SourceEnd, gone: () => void): void {
    if (this.#pending !== undefined) this.#settle();
    this.#leave();
    let left = this.#groups.length;
    const ended = () => {
      for (const { result } of this.#results) result.end(how);
      gone();
    };
    const oneLeft = () => {
      if (--left === 0) ended();
    };
    if (left === 0) ended();
    else for (const group of this.#groups) group.finish(oneLeft);
  }

  /** Ends at once. */
  abort(how: SourceEnd): void {
    this.#leave();
    for (const group of this.#groups) group.abort();
    this.#groups = [];
    for (const { result } of this.#results) result.end(how);
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#settling?.cancel();
    this.stream.leave(this.#reader);
  }

  #take(packet: Packet, time: number): void {
    const { kind, flags, payload } = packet;
    if (kind === PacketKind.Data) {
      if ((flags & PacketFlag.Config) !== 0) this.#describe(payload);
      return;
    }
    const change = this.#tracks.see(packet, time);
    if (this.#pending !== undefined) {
      this.#settling ??= this.#context.clock.after(SETTLE_MS, () => this.#settle());
      this.#pending.push(packet.copy());
      return;
    }
    if (change !== undefined) this.#plan(change === "configuration" ? kind : undefined);
    for (const { result } of this.#results) this.#pass(result, packet, time);
  }

  /** The next frame is another encoder's, which has sent these headers so far. */
  #encoderChanged(headers: readonly Packet[]): void {
    if (!this.#tracks.encoderChanged(headers) || this.#pending !== undefined) return;
    this.#plan();
    for (const [result, { video, audio }] of this.#actions) result.keepTracks(video !== "none", audio !== "none");
  }

  #pass(result: Result, { kind, payload }: Packet, time: number): void {
    const actions = this.#actions.get(result);
    const action = kind === PacketKind.Video ? actions?.video : kind === PacketKind.Audio ? actions?.audio : "none";
    if (action === "copy") result.push(kind, time, payload.slice());
  }

  #describe(payload: Uint8Array): void {
    this.#metadata = payload.slice();
    for (const { result } of this.#results) result.describe("source", this.#metadata);
  }

  #settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { video, audio } = this.#tracks;
    // No track has come yet.
    if (video === undefined && audio === undefined) return;
    this.#settling?.cancel();
    this.#pending = undefined;
    this.#plan();
    for (const packet of pending) for (const { result } of this.#results) this.#pass(result, packet, packet.time);
  }

  /** Decides how each track gets into results. Tracks in `configured` have another configuration, with which FFmpeg begins anew. */
  #plan(configured?: PacketKind): void {
    const before = this.#actions;
    const parts = this.#results.map(({ result }) => {
      return { engine: result.engine, actions: actionsOf(result.engine, this.#tracks), result };
    });
    this.#actions = new Map(parts.map(({ result, actions }) => [result, actions]));
    for (const { result, actions } of parts) {
      for (const kind of ["video", "audio"] as const) {
        if (before.get(result)?.[kind] === actions[kind]) continue;
        result.forget(kind);
        result.expect(kind, actions[kind] !== "none");
      }
    }
    const groups = groupsOf(parts, this.#context.ffmpeg);
    const old = new Map(this.#groups.map((group) => [group.key, group]));
    const refusals = new Set<string>();
    this.#groups = groups.flatMap((plan) => this.#groupFor(plan, old, configured, refusals));
    this.#logRefusals(refusals);
    for (const group of old.values()) group.abort();
  }

  #logRefusals(refusals: ReadonlySet<string>): void {
    const why = [...refusals].find((each) => !this.#refusals.has(each));
    this.#refusals = refusals;
    const now = this.#context.clock.now();
    if (why === undefined || now - this.#refusalLoggedAt < LOG_MS) return;
    this.#refusalLoggedAt = now;
    this.#context.log.warn("stream is not transcoded", { stream: streamLabel(this.stream.key), why });
  }

  /** The group of a plan; none, and a sentence in `refusals`, if FFmpeg can't get its input. */
  #groupFor(
    plan: Group<Result>,
    old: Map<string, EngineGroup>,
    configured: PacketKind | undefined,
    refusals: Set<string>,
  ): EngineGroup[] {
    const codecs = [plan.video && this.#tracks.video, plan.audio && this.#tracks.audio];
    const container = containerOf(codecs.filter((codec): codec is TrackCodec => typeof codec === "object"));
    if (typeof container === "object") {
      refusals.add(container.refusal);
      return [];
    }
    const muxer = () => this.#context.muxerOf(container, plan.audio, plan.video, this.#tracks.samples);
    const key = this.#keyOf(plan, container);
    const known = old.get(key);
    if (known !== undefined && sameResults(known.plan, plan)) {
      old.delete(key);
      const isFed = configured === PacketKind.Video ? plan.video : plan.audio;
      if (configured !== undefined && isFed) known.restart("the stream's format has changed");
      return [known];
    }
    const names = this.#results.filter(({ result }) => plan.tracks.some(({ results }) => results.includes(result)));
    const fields = {
      stream: streamLabel(this.stream.key),
      engine: [...new Set(names.map(({ name }) => name))].join(" "),
    };
    const { log, totals } = this.#context;
    const input = { key, container, channels: this.#tracks.audio?.channels, muxer, tracks: this.#tracks };
    return [new EngineGroup(this.#context, totals, this.stream, plan, input, log, fields)];
  }

  /** Codecs are a part of the key, as another codec needs another FFmpeg. */
  #keyOf(plan: Group<Result>, container: string): string {
    const { video, audio } = this.#tracks;
    return `${container} ${plan.video && video?.name} ${plan.audio && audio?.name} ${plan.key}`;
  }
}

function sameResults(a: Group<Result>, b: Group<Result>): boolean {
  return a.tracks.every((track, at) => {
    const others = b.tracks[at]?.results ?? [];
    return track.results.length === others.length && track.results.every((result, index) => result === others[index]);
  });
}
