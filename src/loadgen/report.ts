import type { Group } from "./group.ts";
import type { Histogram } from "./histogram.ts";
import type { PlayerTotals, TrackCounts } from "./player-totals.ts";
import type { PublisherTotals } from "./publisher.ts";

/** Percentiles in milliseconds: half, 90 % and 99 % of all values don't exceed them; and the maximum. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The connections of one kind. */
export interface GroupReport {
  readonly asked: number;
  /** Admitted by the server, though they may have failed later. */
  readonly connected: number;
  readonly failed: number;
  /** Never started, because all before had failed or the run was ended. */
  readonly not_tried: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** From the connection's first packet to the server's acceptance. */
  readonly connect_ms: Percentiles | null;
  /** Of all together, while measured. */
  readonly mbps: number;
  /** Of the connections that run at the end. */
  readonly kbps_each: { readonly least: number; readonly mean: number; readonly most: number };
}

/** What the players found. */
export interface PlayersReport extends GroupReport {
  readonly frames: TrackCounts;
  readonly synthetic: boolean;
  readonly checked: number;
  readonly lost: TrackCounts;
  readonly gaps: number;
  readonly dirty: number;
  readonly corrupt: number;
  readonly disordered: number;
  readonly ran_back: TrackCounts;
  /** From the connection's first packet to the first frame. */
  readonly first_frame_ms: Percentiles | null;
  /** From the player's play command to the first frame. */
  readonly first_frame_after_play_ms: Percentiles | null;
  readonly longest_gap_ms: number;
  /** From the publisher to the player. */
  readonly delay_ms: Percentiles | null;
}

/** What the publishers did. */
export interface PublishersReport extends GroupReport {
  readonly frames: TrackCounts;
  readonly dropped: number;
  readonly late: number;
}

/** The result of a run: the object that `--json` prints. */
export interface BenchReport {
  readonly command: string;
  readonly url: string;
  readonly play_url?: string;
  /** Seconds measured, after all were connected. */
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly publishers?: PublishersReport;
  readonly players?: PlayersReport;
  /** CPU usage of the bench itself during the measurement; 100 is one core. */
  readonly cpu_percent: number;
  /** What makes the measurement doubtful. */
  readonly warnings: readonly string[];
  /** Failures; without any, the exit code is 0. */
  readonly problems: readonly string[];
}

/** Traffic of a group's connections during the measurement, bytes of each that still runs. */
export interface Traffic {
  readonly seconds: number;
  readonly bytes: number;
  readonly each: readonly number[];
}

/** The players' part of the report. */
export function playersReport(group: Group, totals: PlayerTotals, traffic: Traffic, checked: number): PlayersReport {
  return {
    ...groupReport(group, traffic),
    frames: totals.frames,
    synthetic: totals.synthetic,
    checked: totals.synthetic ? checked : 0,
    lost: totals.lost,
    gaps: totals.gaps,
    dirty: totals.dirty,
    corrupt: totals.corrupt,
    disordered: totals.disordered,
    ran_back: totals.ranBack,
    first_frame_ms: percentiles(totals.firstFrame),
    first_frame_after_play_ms: percentiles(totals.firstFrameAfterPlay),
    longest_gap_ms: round(totals.longestGapMs, 1),
    delay_ms: totals.early > totals.delay.count / 100 ? null : percentiles(totals.delay),
  };
}

/** The publishers' part of the report. */
export function publishersReport(group: Group, totals: PublisherTotals, traffic: Traffic): PublishersReport {
  const { frames, dropped, late } = totals;
  return { ...groupReport(group, traffic), frames, dropped, late };
}

/** What went wrong, in words. */
export function problemsOf(players: PlayersReport | undefined, publishers: PublishersReport | undefined): string[] {
  const counts: [number, string][] = [];
  if (publishers !== undefined)
    counts.push([publishers.failed, "publishers failed"], [publishers.dropped, "messages not accepted by the server"]);
  if (players !== undefined) {
    const { lost, ran_back } = players;
    counts.push(
      [players.failed, "players failed"],
      [lost.video + lost.audio, "frames lost"],
      [players.dirty, "starts not on a key frame"],
      [players.corrupt, "frames corrupt"],
      [players.disordered, "frames out of order"],
      [ran_back.video + ran_back.audio, "times that ran back"],
    );
  }
  const problems = counts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  for (const [what, found] of [
    ["publisher", publishers],
    ["player", players],
  ] as const)
    if (found?.connected === 0 && found.failed === 0) problems.push(`no ${what} connected`);
  return problems;
}

function groupReport(group: Group, { seconds, bytes, each }: Traffic): GroupReport {
  const kbps = (count: number): number => (seconds > 0 ? round((count * 8) / 1000 / seconds, 1) : 0);
  const total = each.reduce((sum, count) => sum + count, 0);
  return {
    asked: group.asked,
    connected: group.admitted,
    failed: group.failed,
    not_tried: group.asked - group.tried,
    reasons: group.reasons.toObject(),
    connect_ms: percentiles(group.admission),
    mbps: round(kbps(bytes) / 1000, 3),
    kbps_each: {
      least: each.length > 0 ? kbps(each.reduce((least, count) => Math.min(least, count))) : 0,
      mean: each.length > 0 ? kbps(total / each.length) : 0,
      most: kbps(each.reduce((most, count) => Math.max(most, count), 0)),
    },
  };
}

function percentiles(histogram: Histogram): Percentiles | null {
  const at = (fraction: number): number => round((histogram.percentile(fraction) ?? 0) / 1000, 2);
  if (histogram.count === 0) return null;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: round(histogram.max / 1000, 2) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
