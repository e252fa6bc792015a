import type { Timer } from "../base/clock.ts";
import type { BenchContext } from "./context.ts";
import type { BenchPlan } from "./plan.ts";
import { PlayerSide } from "./player-side.ts";
import type { Progress } from "./progress.ts";
import { PublisherSide } from "./publisher-side.ts";
import { type BenchReport, type PublishersReport, problemsOf } from "./report.ts";

const STEP_MS = 50;
const PROGRESS_MS = 1000;
/**
 * When the bench does both, players start this long after the publisher, so that its stream has reached every server of a
 * cluster.
 */
const LEAD_MS = 1000;
/** Maximum wait for connections to close at the end. */
const FAREWELL_MS = 1000;
/** Above this CPU usage, the bench's own delays are part of the result. */
const BUSY_PERCENT = 90;
/** The report warns if more than this share of the messages left late. */
const LATE_SHARE = 1 / 1000;

/** Dependencies and callbacks of a run. */
export interface BenchHooks {
  progress(progress: Progress): void;
  /** Processor time of this process so far. */
  cpuSeconds(): number;
}

/*
 * connecting ──all have been admitted or have failed──> measuring ──seconds are over, stop, nobody is left──> closing ──> done
 */
/** One run of the bench. */
export class Bench {
  readonly #context: BenchContext;
  readonly #plan: BenchPlan;
  readonly #hooks: BenchHooks;
  readonly #publishers: PublisherSide | undefined;
  readonly #players: PlayerSide | undefined;
  readonly #done = Promise.withResolvers<BenchReport>();
  readonly #timers: Timer[] = [];
  #phase: "connecting" | "measuring" | "closing" = "connecting";
  /** When the phase began. */
  #sinceMs: number;
  #publishedMs: number | undefined;
  #progressMs: number;
  #cpuSeconds: number;

  constructor(context: BenchContext, plan: BenchPlan, hooks: BenchHooks) {
    this.#context = context;
    this.#plan = plan;
    this.#hooks = hooks;
    this.#publishers = plan.publish === undefined ? undefined : new PublisherSide(context, plan.publish, plan.rate);
    const both = plan.publish !== undefined;
    this.#players = plan.play === undefined ? undefined : new PlayerSide(context, plan.play, plan.rate, both);
    this.#sinceMs = context.clock.now();
    this.#progressMs = this.#sinceMs;
    this.#cpuSeconds = hooks.cpuSeconds();
  }

  /** Starts the run; called once. */
  run(): Promise<BenchReport> {
    const { clock } = this.#context;
    this.#publishers?.start();
    if (this.#publishers === undefined) this.#players?.start();
    this.#timers.push(
      clock.every(STEP_MS, () => this.#step()),
      clock.every(PROGRESS_MS, () => this.#showProgress()),
    );
    return this.#done.promise;
  }

  /** Ends the run early. */
  stop(): void {
    this.#finish(true);
  }

  #step(): void {
    if (this.#phase === "closing") return;
    const now = this.#context.clock.now();
    this.#startPlayers(now);
    const groups = [this.#publishers?.group, this.#players?.group].filter((group) => group !== undefined);
    const gone = groups.some((group) => group.settled && group.running === 0);
    if (gone) this.#finish(false);
    else if (this.#phase === "measuring") {
      if (now - this.#sinceMs >= this.#plan.seconds * 1000) this.#finish(false);
    } else if (groups.every((group) => group.settled)) this.#measure(now);
  }

  /** When the bench does both: starts the players once the stream has been published for a while. */
  #startPlayers(now: number): void {
    if (this.#publishers === undefined || this.#players === undefined) return;
    if (this.#publishers.group.running > 0) this.#publishedMs ??= now;
    if (this.#publishedMs !== undefined && now - this.#publishedMs >= LEAD_MS) this.#players.start();
  }

  #measure(now: number): void {
    this.#phase = "measuring";
    this.#sinceMs = now;
    this.#cpuSeconds = this.#hooks.cpuSeconds();
    this.#publishers?.measure(now);
    this.#players?.measure(now);
  }

  #showProgress(): void {
    if (this.#phase === "closing") return;
    const now = this.#context.clock.now();
    const seconds = (now - this.#progressMs) / 1000;
    this.#progressMs = now;
    this.#hooks.progress({
      phase: this.#phase,
      seconds: (now - this.#sinceMs) / 1000,
      publishers: this.#publishers?.progress(seconds),
      players: this.#players?.progress(seconds),
    });
  }

  #finish(interrupted: boolean): void {
    if (this.#phase === "closing") return;
    const { clock } = this.#context;
    const now = clock.now();
    const report = this.#report(now, interrupted);
    this.#phase = "closing";
    for (const timer of this.#timers) timer.cancel();
    // Players first: they would otherwise see the stream end.
    this.#players?.close();
    this.#publishers?.close();
    const closing = clock.every(STEP_MS, () => {
      const open = (this.#players?.group.open ?? 0) + (this.#publishers?.group.open ?? 0);
      if (open > 0 && clock.now() - now < FAREWELL_MS) return;
      closing.cancel();
      this.#done.resolve(report);
    });
  }

  #report(now: number, interrupted: boolean): BenchReport {
    const { command, play, publish } = this.#plan;
    const seconds = this.#phase === "measuring" ? (now - this.#sinceMs) / 1000 : 0;
    const elapsed = (now - this.#sinceMs) / 1000;
    const cpu = elapsed > 0 ? (100 * (this.#hooks.cpuSeconds() - this.#cpuSeconds)) / elapsed : 0;
    const publishers = this.#publishers?.finish(now);
    const players = this.#players?.finish(now);
    return {
      command,
      url: (publish ?? play)?.url.text ?? "",
      ...(publish !== undefined && play !== undefined ? { play_url: play.url.text } : {}),
      seconds: Number(seconds.toFixed(2)),
      interrupted,
      ...(publishers === undefined ? {} : { publishers }),
      ...(players === undefined ? {} : { players }),
      cpu_percent: Number(cpu.toFixed(1)),
      warnings: this.#warnings(cpu, publishers),
      problems: problemsOf(players, publishers),
    };
  }

  #warnings(cpu: number, publishers: PublishersReport | undefined): string[] {
    const warnings: string[] = [];
    if (cpu > BUSY_PERCENT) warnings.push("the bench itself had no CPU to spare: delays and gaps are in part its own");
    if (publishers !== undefined && publishers.late > (publishers.frames.video + publishers.frames.audio) * LATE_SHARE)
      warnings.push(`${publishers.late} messages left more than 100 ms late: this machine does not keep up`);
    if (this.#players?.clocksDiffer === true)
      warnings.push("frames came before they were sent: the clocks of the machines differ, so the delay is unknown");
    if (this.#players?.oneVariant === true)
      warnings.push("players had nothing to switch between: the playlist has one variant");
    return warnings;
  }
}
