import type { BenchContext } from "./context.ts";
import { Group } from "./group.ts";
import type { PlayPlan } from "./plan.ts";
import type { Player, PlayerContext } from "./player.ts";
import { PlayerTotals } from "./player-totals.ts";
import type { PlayersProgress } from "./progress.ts";
import { Ramp } from "./ramp.ts";
import { type PlayersReport, playersReport } from "./report.ts";
import { RtmpPlayer } from "./rtmp-player.ts";
import { TrafficMeter } from "./traffic.ts";

/** All players of a run. */
export class PlayerSide {
  readonly group: Group;
  readonly #plan: PlayPlan;
  readonly #rate: number;
  readonly #context: PlayerContext;
  readonly #players: Player[] = [];
  readonly #totals = new PlayerTotals();
  #ramp: Ramp | undefined;
  #meter: TrafficMeter<Player> | undefined;
  #receivedAtProgress = 0;

  constructor(context: BenchContext, plan: PlayPlan, rate: number) {
    this.#plan = plan;
    this.#rate = rate;
    this.group = new Group(plan.count);
    this.#context = { ...context, group: this.group, totals: this.#totals };
  }

  /** Starts to connect; a second call has no effect. */
  start(): void {
    const { url, checked } = this.#plan;
    this.#ramp ??= new Ramp(this.#context.clock, this.group, this.#rate, (number) =>
      this.#players.push(new RtmpPlayer(this.#context, url.target(number), number < checked)),
    );
  }

  /** From here on it is measured. */
  measure(nowMs: number): void {
    this.#meter = new TrafficMeter([...this.#players], ({ bytesReceived }) => bytesReceived, nowMs);
  }

  /** The progress since the last call. */
  progress(seconds: number): PlayersProgress {
    const { group } = this;
    const bytes = group.received - this.#receivedAtProgress;
    this.#receivedAtProgress = group.received;
    const { recentDelay, lost } = this.#totals;
    const delayMs = (fraction: number): number | undefined => {
      const us = recentDelay.percentile(fraction);
      return us === undefined ? undefined : us / 1000;
    };
    const progress = {
      running: group.running,
      asked: group.asked,
      failed: group.failed,
      mbps: (bytes * 8) / 1e6 / seconds,
      delayP50Ms: delayMs(0.5),
      delayP99Ms: delayMs(0.99),
      lost: lost.video + lost.audio,
    };
    this.#totals.foldRecent();
    return progress;
  }

  /** The end of what is measured. */
  finish(nowMs: number): PlayersReport {
    this.#ramp?.stop();
    if (this.#meter === undefined) this.measure(nowMs);
    const traffic = this.#meter?.read(nowMs) ?? { seconds: 0, bytes: 0, each: [] };
    for (const player of this.#players) player.finish(nowMs);
    this.#totals.foldRecent();
    return playersReport(this.group, this.#totals, traffic, this.#checked);
  }

  /** The number of fully compared players that were admitted. */
  get #checked(): number {
    return this.#players.filter((player, number) => number < this.#plan.checked && player.wasAdmitted).length;
  }

  /** Whether the publisher's clock is ahead of this machine's, so that delays can't be reported. */
  get clocksDiffer(): boolean {
    return this.#totals.early > this.#totals.delay.count / 100;
  }

  close(): void {
    for (const player of this.#players) player.close();
  }
}
