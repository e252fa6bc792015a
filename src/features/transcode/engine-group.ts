import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { StartChild } from "../../io/os/child-process.ts";
import type { TranscoderReport } from "../../live/ports/report.ts";
import { isHeader } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { classify } from "../../media/classify.ts";
import { PacketFlag, PacketKind } from "../../media/packet.ts";
import { type Attempt, type AttemptReport, type Failure, Supervisor } from "../../relay/supervisor.ts";
import { RUN_START_MS, runCommand } from "./arguments.ts";
import { type FedTracks, Feed } from "./feed.ts";
import type { FfmpegFacts } from "./ffmpeg-facts.ts";
import { softwareEncoder } from "./hardware.ts";
import type { InputMuxer } from "./input-muxer.ts";
import { MessageLog } from "./message-log.ts";
import { type FedTimes, OutputTrack } from "./output-track.ts";
import { encodedTrack, type Group } from "./plan.ts";
import type { ProcessLimit, ProcessPermit } from "./process-limit.ts";
import { type Result, STEP_BACK_MS } from "./result.ts";
import { Run } from "./run.ts";

const LOOK_MS = 1000;
/** Skips and wrong times of runs are logged at most this often. */
const LOG_MS = 60_000;
/** After a run that was shorter than this, the next one waits. */
const SETTLED_MS = 5000;
/** The times of a track's input while they are not known: all output is taken. */
const UNKNOWN_TIMES: FedTimes = { first: Number.NEGATIVE_INFINITY, newest: Number.POSITIVE_INFINITY };

/** What a group of engines needs from outside. */
export interface GroupContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly startChild: StartChild;
  readonly limit: ProcessLimit;
  readonly nice: number;
  facts(ffmpeg: string): FfmpegFacts | undefined;
}

/** The input of FFmpeg. */
export interface GroupInput {
  /** The same text for a group with the same input and the same tracks. */
  readonly key: string;
  readonly container: "flv" | "mp4";
  /** Channels of the audio, if FFmpeg does not know them. */
  readonly channels: number | undefined;
  readonly muxer: () => InputMuxer;
  /** The stream's present tracks. */
  readonly tracks: FedTracks;
}

/** Counts of all groups since the start. */
export interface GroupTotals {
  runs: number;
  skips: number;
  /** Frames that were left out because of impossible times. */
  strays: number;
}

/** Engines that share one FFmpeg: it is started, fed, watched, and started again when it fails. */
export class EngineGroup {
  readonly plan: Group<Result>;
  /** The same text for a group with the same input and the same tracks. */
  readonly key: string;
  readonly #input: GroupInput;
  readonly #context: GroupContext;
  readonly #totals: GroupTotals;
  readonly #stream: Stream;
  readonly #log: Log;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #messages: MessageLog;
  readonly #supervisor: Supervisor;
  readonly #look: Timer;
  #feed: Feed | undefined;
  #run: Run | undefined;
  #report: AttemptReport | undefined;
  #permit: ProcessPermit | undefined;
  #runSince = 0;
  /** Whether software encodes, as the hardware encoder does not run. */
  #software = false;
  #skipLoggedAt = Number.NEGATIVE_INFINITY;
  #strayLoggedAt = Number.NEGATIVE_INFINITY;
  #waits = false;
  #runs = 0;

  constructor(
    context: GroupContext,
    totals: GroupTotals,
    stream: Stream,
    plan: Group<Result>,
    input: GroupInput,
    log: Log,
    fields: Readonly<Record<string, string>>,
  ) {
    this.#context = context;
    this.#totals = totals;
    this.#stream = stream;
    this.plan = plan;
    this.key = input.key;
    this.#input = input;
    this.#log = log;
    this.#fields = fields;
    this.#messages = new MessageLog(context.clock, log, fields);
    this.#supervisor = new Supervisor({
      clock: context.clock,
      random: context.random,
      log,
      what: "transcode",
      fields,
      begin: (report) => this.#begin(report),
    });
    this.#look = context.clock.every(LOOK_MS, () => this.#feed?.catchUp());
    this.#supervisor.start();
  }

  /** How far FFmpeg's input is behind the stream, ms. */
  get lagMs(): number {
    return this.#feed?.lagMs ?? 0;
  }

  /** Its state for reports. */
  report(): TranscoderReport {
    const { state, since, lastError, failingSince, nextRetryAt } = this.#supervisor.progress;
    const isStarting = state !== "running" && state !== "waiting";
    return {
      stream: this.#stream.key,
      engines: this.#fields.engine ?? "",
      state: isStarting ? (this.#waits ? "queued" : "starting") : state,
      since,
      pid: this.#run?.pid,
      lagMs: this.lagMs,
      restarts: Math.max(0, this.#runs - 1),
      nextRetryAt,
      lastError,
      failingSince,
    };
  }

  /** The input has changed: another FFmpeg takes over, and continues where this one was. */
  restart(why: string): void {
    this.#endRun(why, this.#haste());
  }

  /** The stream has ended: FFmpeg finishes what it has, then `gone` is called. */
  finish(gone: () => void): void {
    this.#supervisor.detach();
    this.#look.cancel();
    this.#feed?.leave();
    const run = this.#run;
    const permit = this.#permit;
    const left = () => {
      permit?.release();
      gone();
    };
    if (run === undefined) left();
    else run.finish(left);
  }

  /** Ends FFmpeg at once, even if it is finishing. */
  abort(): void {
    this.#look.cancel();
    this.#supervisor.stop();
    if (this.#run !== undefined && this.#permit !== undefined) this.#abandon(this.#permit);
  }

  #begin(report: AttemptReport): Attempt {
    this.#report = report;
    this.#waits = true;
    const permit = this.#context.limit.acquire((permit) => {
      this.#permit = permit;
      this.#waits = false;
      this.#feed = new Feed(this.#stream, this.#input.tracks, this.#input.muxer(), {
        begin: (startsAt) => this.#start(startsAt, permit, report),
        skipped: (ms) => this.#onSkipped(ms),
        expired: (why) => this.restart(why),
      });
    });
    // Set while the group waits, too, so that its place is free again if its stream ends meanwhile.
    this.#permit = permit;
    if (this.#waits) this.#log.warn("transcode waits, max_processes FFmpegs run already", this.#fields);
    return { abort: () => this.#abandon(permit) };
  }

  #abandon(permit: ProcessPermit): void {
    this.#feed?.leave();
    this.#feed = undefined;
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) permit.release();
    else run.abort(() => permit.release());
  }

  #start(startsAt: number, permit: ProcessPermit, report: AttemptReport): Run {
    const { clock, nice, facts } = this.#context;
    const { ffmpeg, tracks } = this.plan;
    const known = facts(ffmpeg);
    const outputs = tracks.map(({ kind, results }) => {
      const packets = kind === "video" ? PacketKind.Video : PacketKind.Audio;
      // An end of a result far after the source's newest time is dropped: the source's time has stepped back.
      const latest = this.#input.tracks.newest(packets) + STEP_BACK_MS;
      const ends = results.map((result) => result.endOf(kind)).filter((end) => end <= latest);
      return new OutputTrack(packets, Math.max(startsAt, ...ends));
    });
    const encoded = tracks.map((track) => encodedTrack(track, this.#software));
    const command = runCommand(
      { ffmpeg, container: this.#input.container, channels: this.#input.channels, tracks: encoded },
      outputs.map((output) => output.startsAt - startsAt + RUN_START_MS),
      known,
    );
    this.#log.debug("transcode starts", { ...this.#fields, command: command.join(" ") });
    this.#totals.runs++;
    this.#runs++;
    this.#runSince = clock.now();
    const server = `FFmpeg ${known?.version ?? ""}`.trim();
    const run = new Run(this.#context, command, tracks.length, nice, {
      tag: (index, kind, timestamp, payload) => this.#onTag(index, outputs[index], kind, timestamp, payload),
      productive: () => report.running(server),
      message: (line) => this.#messages.add(line),
      drained: () => this.#feed?.drained(),
      ended: (reason) => {
        this.#messages.end();
        permit.release();
        this.#run = undefined;
        this.#onEnded(run, reason);
      },
    });
    this.#run = run;
    return run;
  }

  #onTag(
    index: number,
    output: OutputTrack | undefined,
    kind: PacketKind,
    timestamp: number,
    payload: Uint8Array,
  ): boolean {
    const track = this.plan.tracks[index];
    if (track === undefined || output === undefined) return false;
    if (kind === PacketKind.Data) {
      for (const result of track.results) result.describe(track.kind, payload);
      return true;
    }
    if (kind !== output.kind) return false;
    const flags = classify(kind, payload) & 0xff;
    const time = output.timeOf(timestamp, flags, payload, this.#feed?.timesOf(kind) ?? UNKNOWN_TIMES);
    if (time === "stray") {
      this.#onStray();
      return false;
    }
    if (time === "priming" || (flags & PacketFlag.SequenceEnd) !== 0) return true;
    const isSoundHeader = isHeader(flags) && kind === PacketKind.Audio;
    const priming = isHeader(flags) ? undefined : output.takePriming();
    for (const result of track.results) {
      if (priming !== undefined) result.prime(priming, time);
      result.push(kind, isSoundHeader ? result.audioHeaderTime(time) : time, payload);
    }
    return true;
  }

  #onEnded(run: Run, reason: string): void {
    // FFmpeg may have given audio before it found that it can't encode the video, so only video counts.
    const missing = this.plan.tracks.some(
      ({ engine, kind }, index) => kind === "video" && softwareEncoder(engine) !== undefined && !run.hasGiven(index),
    );
    if (missing && !this.#software) {
      this.#software = true;
      this.#log.warn("hardware encoder does not run, software encodes instead", { ...this.#fields, error: reason });
      this.#fail(reason, "elsewhere");
    } else this.#fail(reason, run.productive ? "lost" : "refused");
  }

  #endRun(why: string, how: Failure): void {
    const permit = this.#permit;
    if (this.#run === undefined || permit === undefined) return;
    this.#abandon(permit);
    this.#fail(why, how);
  }

  #fail(why: string, how: Failure): void {
    this.#feed?.leave();
    this.#feed = undefined;
    this.#report?.failed(why, how);
  }

  /** Another run begins at once only after a run of some length: a stream that changes all the time must not cost a process each time. */
  #haste(): Failure {
    return this.#context.clock.now() - this.#runSince > SETTLED_MS ? "elsewhere" : "lost";
  }

  #onStray(): void {
    this.#totals.strays++;
    const now = this.#context.clock.now();
    if (now - this.#strayLoggedAt < LOG_MS) return;
    this.#strayLoggedAt = now;
    this.#log.warn("ffmpeg gives frames a time that can't be right, they are left out", this.#fields);
  }

  #onSkipped(ms: number): void {
    this.#totals.skips++;
    const now = this.#context.clock.now();
    if (now - this.#skipLoggedAt < LOG_MS) return;
    this.#skipLoggedAt = now;
    this.#log.warn("transcode is too slow, it goes on with a newer key frame", {
      ...this.#fields,
      skipped_ms: Math.round(ms),
      see: "vpreset, width, height, max_processes",
    });
  }
}
