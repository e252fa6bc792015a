import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { StartChild } from "../../io/os/child-process.ts";
import type { CpuLimit } from "../../io/os/cpu-group.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { Report } from "../../live/ports/report.ts";
import type { Source, SourceEnd, SourceInfo } from "../../live/source/source.ts";
import type { SourceSwitch } from "../../live/source/switches.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, type StreamObserver, type Streams, streamLabel } from "../../live/streams.ts";
import type { PushContext } from "../../relay/push.ts";
import type { PushRelay } from "../../relay/push-relay.ts";
import type { RelayLogLimit } from "../../relay/relay-log-limit.ts";
import type { EngineConfig, TranscodeConfig } from "./config.ts";
import type { GroupTotals } from "./engine-group.ts";
import type { FfmpegFacts } from "./ffmpeg-facts.ts";
import { FlvInput, Mp4Input } from "./input-muxer.ts";
import { type Output, outputName } from "./output.ts";
import { matches } from "./pattern.ts";
import { ProcessLimit } from "./process-limit.ts";
import { Result, type Target } from "./result.ts";
import { type NamedResult, StreamJob } from "./stream-job.ts";
import { LocalTarget, type ResultVhost, ServerTarget } from "./targets.ts";

/** FFmpeg continues if a lost publisher comes back within this time. */
const LINGER_MS = 5000;

/** What transcoding needs from outside. */
export interface TranscodeContext extends Omit<PushContext, "chunkSize"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly randomNumber: () => number;
  /** Limits the log's lines about each server that results are pushed to. */
  readonly logLimit: RelayLogLimit;
  readonly nodeId: string;
  readonly streams: Streams;
  /** Streams that are read only by relays to other servers. */
  readonly hidden: Streams;
  readonly startChild: StartChild;
  /** Limits the processor time of all FFmpegs together. */
  readonly cpuLimit: CpuLimit;
  chunkSizeOf(vhost: string): number;
  settings(): TranscodeConfig;
  engines(vhost: string): ReadonlyMap<string, EngineConfig>;
  /** The vhost that serves a name. */
  vhost(name: string): ResultVhost | undefined;
  /** The facts about an FFmpeg. */
  facts(ffmpeg: string): FfmpegFacts | undefined;
}

/** A stream with engines. */
interface Transcoded {
  readonly name: StreamName;
  readonly source: Source;
  readonly job: StreamJob;
  /** Runs until its lost publisher is given up. */
  linger: Timer | undefined;
}

/** Makes other streams of each published stream, by the engines of its vhost. */
export class Transcode implements Feature, StreamObserver {
  readonly name = "transcode";
  readonly streams = this;
  readonly #context: TranscodeContext;
  readonly #limit: ProcessLimit;
  readonly #transcoded = new Map<Stream, Transcoded>();
  /** Jobs of streams that have ended. */
  readonly #leaving = new Map<string, StreamJob>();
  /** Relays that still send the last packets of a result. */
  readonly #relays = new Set<PushRelay>();
  readonly #totals: GroupTotals = { runs: 0, skips: 0, strays: 0 };
  /** `max_cpu` as it was applied. */
  #maxCpu = 0;
  #nextId = 1;

  constructor(context: TranscodeContext) {
    this.#context = context;
    this.#limit = new ProcessLimit(() => context.settings().max_processes);
    this.#limitCpu();
  }

  report(): Report {
    const jobs = [...this.#transcoded.values()].map(({ job }) => job);
    const groups = jobs.flatMap((job) => job.groups);
    const targets = jobs.flatMap(({ results }) => results.map(({ result }) => result.target));
    const relays = targets.flatMap((target) => (target instanceof ServerTarget ? (target.relay?.report() ?? []) : []));
    if (jobs.length === 0 && this.#totals.runs === 0) return {};
    const transcoders = groups.map((group) => group.report());
    return {
      now: {
        transcodes: groups.length,
        transcodes_failing: transcoders.filter(({ failingSince }) => failingSince !== undefined).length,
        transcodes_lag_ms: Math.round(Math.max(0, ...groups.map(({ lagMs }) => lagMs))),
      },
      since: {
        transcode_starts: this.#totals.runs,
        transcode_skips: this.#totals.skips,
        transcode_frames_dropped: this.#totals.strays,
      },
      relays,
      transcoders,
    };
  }

  published(stream: Stream, name: StreamName, source: Source): void {
    const known = this.#transcoded.get(stream);
    if (known !== undefined && isInput(source.info)) {
      // The publisher has come back: FFmpeg continues.
      known.linger?.cancel();
      known.linger = undefined;
      known.job.reroute(source.info.hops);
      return;
    }
    if (known !== undefined) this.#drop(stream, known);
    this.#leaving.get(stream.key)?.abort("lost");
    this.#leaving.delete(stream.key);
    if (!isInput(source.info)) return;
    const results = this.#resultsFor(stream, name, source, []);
    if (results.length > 0) this.#begin(stream, name, source, results);
  }

  switched(stream: Stream, { from, to }: SourceSwitch): void {
    const known = this.#transcoded.get(stream);
    if (isInput(to)) {
      known?.job.reroute(to.hops);
      return;
    }
    if (known !== undefined && isInput(from)) this.#drop(stream, known);
  }

  rerouted(stream: Stream): void {
    const hops = stream.source?.info.hops;
    if (hops !== undefined) this.#transcoded.get(stream)?.job.reroute(hops);
  }

  unpublished(stream: Stream, _source: Source, how: SourceEnd): void {
    const known = this.#transcoded.get(stream);
    if (known === undefined) return;
    if (how === "unpublished") this.#finish(stream, known, how);
    else known.linger ??= this.#context.clock.after(LINGER_MS, () => this.#finish(stream, known, how));
  }

  reconfigure(): void {
    this.#limitCpu();
    for (const stream of this.#context.streams.all()) {
      const { source } = stream;
      const known = this.#transcoded.get(stream);
      const name = known?.name ?? nameOf(stream.key);
      if (source === undefined || !isInput(source.info)) continue;
      const before = known?.job.results ?? [];
      const results = this.#resultsFor(stream, name, source, before);
      if (known === undefined) {
        if (results.length > 0) this.#begin(stream, name, source, results);
      } else if (results.length === 0) this.#finish(stream, known, "unpublished");
      else if (results.length !== before.length || results.some((each, at) => each.result !== before[at]?.result))
        known.job.change(results);
    }
    this.#limit.admit();
  }

  stop(how: SourceEnd): void {
    for (const [stream, known] of this.#transcoded) this.#finish(stream, known, how);
  }

  get idle(): boolean {
    return this.#transcoded.size === 0 && this.#leaving.size === 0 && this.#relays.size === 0;
  }

  close(): void {
    for (const job of this.#leaving.values()) job.abort("lost");
    for (const relay of this.#relays) relay.abort();
  }

  #limitCpu(): void {
    const { max_cpu } = this.#context.settings();
    if (max_cpu === this.#maxCpu) return;
    this.#maxCpu = max_cpu;
    const { cpuLimit, log } = this.#context;
    const why = cpuLimit.limit(max_cpu);
    if (why === undefined) log.info("max_cpu of transcode is in effect", { percent: max_cpu });
    else log.warn("max_cpu of transcode is not in effect", { why });
  }

  #startChild: StartChild = (options, events) => {
    const child = this.#context.startChild(options, events);
    if (child.pid !== undefined) this.#context.cpuLimit.add(child.pid);
    return child;
  };

  #begin(stream: Stream, name: StreamName, source: Source, results: readonly NamedResult[]): void {
    const { clock, randomNumber, facts, log } = this.#context;
    const { ffmpeg, nice } = this.#context.settings();
    const job = new StreamJob(
      {
        clock,
        random: randomNumber,
        startChild: this.#startChild,
        limit: this.#limit,
        nice,
        ffmpeg,
        facts: (program) => facts(program),
        log: log.with(`t${this.#nextId++}`),
        totals: this.#totals,
        muxerOf: (container, audio, video, samples) =>
          container === "flv" ? new FlvInput(audio, video) : new Mp4Input(audio, video, samples),
      },
      stream,
      results,
    );
    this.#transcoded.set(stream, { name, source, job, linger: undefined });
  }

  #finish(stream: Stream, known: Transcoded, how: SourceEnd): void {
    if (this.#transcoded.get(stream) !== known) return;
    known.linger?.cancel();
    this.#transcoded.delete(stream);
    const { job } = known;
    this.#leaving.set(stream.key, job);
    job.finish(how, () => {
      if (this.#leaving.get(stream.key) === job) this.#leaving.delete(stream.key);
    });
  }

  /** Another process now transcodes the stream. */
  #drop(stream: Stream, known: Transcoded): void {
    known.linger?.cancel();
    this.#transcoded.delete(stream);
    known.job.abort("lost");
  }

  /** The results of a stream in the current configuration; those in `before` stay. */
  #resultsFor(stream: Stream, name: StreamName, source: Source, before: readonly NamedResult[]): NamedResult[] {
    const engines = [...this.#context.engines(name.vhost)].filter(([, { streams }]) => matches(streams, name));
    return engines.flatMap(([engineName, engine]) => {
      const same = before.filter(({ result }) => result.engine === engine);
      if (same.length > 0) return same;
      return engine.output.map((output) => {
        const target = this.#targetOf(output, stream, name, source, engineName);
        const { clock, log } = this.#context;
        return { name: engineName, result: new Result(engine, target, stream, clock, log.with(`t:${engineName}`)) };
      });
    });
  }

  #targetOf(output: Output, stream: Stream, from: StreamName, source: Source, engine: string): Target {
    const context = this.#context;
    const info = (): SourceInfo => ({
      id: `transcode ${engine}`,
      remote: `transcode of ${streamLabel(stream.key)}`,
      param: "",
      hops: (stream.source ?? source).info.hops,
      via: "transcode",
    });
    if (output.kind === "stream") {
      const name = outputName(output, from, engine);
      return new LocalTarget(name, context.streams, () => context.vhost(name.vhost), info);
    }
    const id = String(this.#nextId++);
    const options = {
      context: {
        ...context,
        get chunkSize() {
          return context.chunkSizeOf(from.vhost);
        },
      },
      random: context.randomNumber,
      logLimit: context.logLimit,
      log: context.log,
      nodeId: context.nodeId,
      hidden: context.hidden,
      config: stream.config,
      gone: (relay: PushRelay) => this.#relays.delete(relay),
      leaving: (relay: PushRelay) => this.#relays.add(relay),
    };
    return new ServerTarget(options, output.target, from, { vhost: id, app: from.app, stream: engine }, info);
  }
}

/** Whether a source is transcoded here: results are no input, and another process transcodes its own streams. */
function isInput({ via }: SourceInfo): boolean {
  return via !== "transcode" && via !== "sibling";
}

/** The parts of a key: names of vhosts and streams have no slashes. */
function nameOf(key: string): StreamName {
  const [vhost = "", ...rest] = key.split("/");
  return { vhost, app: rest.slice(0, -1).join("/"), stream: rest.at(-1) ?? "" };
}
