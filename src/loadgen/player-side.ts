import type { BenchContext } from "./context.ts";
import { Group } from "./group.ts";
import type { Retry } from "./group-member.ts";
import type { HlsContext } from "./hls/context.ts";
import { FileStore } from "./hls/file-store.ts";
import { HlsPlayer } from "./hls/hls-player.ts";
import type { ReadInit } from "./hls/piece-reader.ts";
import { PlaylistStore } from "./hls/playlist-store.ts";
import type { SegmentFacts } from "./hls/segment-facts.ts";
import { HlsTotals } from "./hls/totals.ts";
import { LivePlayer } from "./http/live-player.ts";
import type { PlayPlan } from "./plan.ts";
import type { Player } from "./player.ts";
import { PlayerTotals } from "./player-totals.ts";
import type { PlayersProgress } from "./progress.ts";
import { Ramp } from "./ramp.ts";
import { ReconnectingPlayer } from "./reconnecting-player.ts";
import { type PlayersReport, playersReport, reconnectsReport } from "./report.ts";
import { RtmpPlayer } from "./rtmp-player.ts";
import { TrafficMeter } from "./traffic.ts";

/** All players of a run. */
export class PlayerSide {
  readonly group: Group;
  readonly #plan: PlayPlan;
  readonly #rate: number;
  readonly #context: Omit<HlsContext, "retry">;
  readonly #players: Player[] = [];
  readonly #totals = new PlayerTotals();
  #ramp: Ramp | undefined;
  #meter: TrafficMeter<Player> | undefined;
  #receivedAtProgress = 0;

  /** `isNewStream`: the stream has just started, so its HLS playlist may be missing for a while. */
  constructor(context: BenchContext, plan: PlayPlan, rate: number, isNewStream: boolean) {
    this.#plan = plan;
    this.#rate = rate;
    this.group = new Group(plan.count);
    const files = { segments: new FileStore<SegmentFacts>(), inits: new FileStore<ReadInit>() };
    const hls = { hls: new HlsTotals(), playlists: new PlaylistStore(), ...files };
    const { variant = "first" } = plan;
    this.#context = { ...context, group: this.group, totals: this.#totals, ...hls, variant, isNewStream };
  }

  /** Starts to connect; a second call has no effect. */
  start(): void {
    this.#ramp ??= new Ramp(this.#context.clock, this.group, this.#rate, (number) =>
      this.#players.push(this.#player(number)),
    );
  }

  #player(number: number): Player {
    const { url, checked, reconnect } = this.#plan;
    const target = url.target(number);
    const whole = number < checked;
    const make = (retry?: Retry): Player => {
      const context = { ...this.#context, retry };
      if (target.protocol === "rtmp") return new RtmpPlayer(context, target, whole);
      if (target.protocol === "hls") return new HlsPlayer(context, target, number);
      return new LivePlayer(context, target, whole);
    };
    return reconnect === true ? new ReconnectingPlayer(this.#context, make) : make();
  }

  /** The measurement starts. */
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

  /** The measurement ends. */
  finish(nowMs: number): PlayersReport {
    this.#ramp?.stop();
    if (this.#meter === undefined) this.measure(nowMs);
    const traffic = this.#meter?.read(nowMs) ?? { seconds: 0, bytes: 0, each: [] };
    for (const player of this.#players) player.finish(nowMs);
    this.#totals.foldRecent();
    const { url, reconnect } = this.#plan;
    const report = playersReport(url.protocol, this.group, this.#totals, this.#context.hls, traffic, this.#checked);
    return reconnect === true ? { ...report, reconnects: reconnectsReport(this.#totals) } : report;
  }

  /** The number of admitted players whose frames are compared byte by byte: of HLS players all, as they share segments. */
  get #checked(): number {
    const checked = this.#plan.url.protocol === "hls" ? this.#plan.count : this.#plan.checked;
    return this.#players.filter((player, number) => number < checked && player.wasAdmitted).length;
  }

  /** Whether players should change their variant, but the playlist has only one. */
  get oneVariant(): boolean {
    return this.#context.hls.oneVariant;
  }

  /** Whether the publisher's clock is ahead of this machine's, so that delays can't be reported. */
  get clocksDiffer(): boolean {
    return this.#totals.early > this.#totals.delay.count / 100;
  }

  close(): void {
    for (const player of this.#players) player.close();
  }
}
