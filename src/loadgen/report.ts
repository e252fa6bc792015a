import type { Group } from "./group.ts";
import type { Histogram } from "./histogram.ts";
import type { HlsTotals } from "./hls/totals.ts";
import type { PlayerTotals, TrackCounts } from "./player-totals.ts";
import type { PublisherTotals } from "./publisher.ts";
import type { PlayProtocol } from "./url.ts";

/** Percentiles and the maximum, ms: half, 90 % and 99 % of all values don't exceed p50, p90 and p99. */
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
  /** Never started, because the first ones all failed or the run was ended early. */
  readonly not_tried: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** From the connection's first packet to the server's acceptance. */
  readonly connect_ms: Percentiles | null;
  /** Traffic of all connections during the measurement. */
  readonly mbps: number;
  /** Traffic of each connection that still runs at the end. */
  readonly kbps_each: { readonly least: number; readonly mean: number; readonly most: number };
}

/** What HLS players found in playlists, segments and playback. */
export interface HlsReport {
  /** The format of segments; null before the first one. */
  readonly format: "ts" | "fmp4" | "both" | null;
  readonly playlists: number;
  /** Delta updates: playlists that left out segments that the player knew (EXT-X-SKIP). */
  readonly deltas: number;
  /** Answers 304: the playlist had not changed. */
  readonly not_modified: number;
  /** Whole segments. */
  readonly segments: number;
  /** Parts of low-latency HLS, and how many of them were requested before they were listed. */
  readonly parts: number;
  readonly hinted: number;
  /** Hinted parts that did not arrive, or that the playlist did not list next. */
  readonly hints_unused: number;
  /** Segments and parts of audio renditions, which are in those above, too. */
  readonly audio: { readonly segments: number; readonly parts: number };
  /** Keys fetched, and how often a player's next segment had another key. */
  readonly keys: number;
  readonly key_changes: number;
  /** Segments begun, by variant; of a playlist of variants. */
  readonly variants: Readonly<Record<string, number>>;
  readonly switches: SwitchesReport;
  /** Segments that were missing when requested, or left the playlist before they were requested. */
  readonly missed: number;
  /** Why playlists and segments could not be fetched. */
  readonly errors: Readonly<Record<string, number>>;
  /** Playlists that begin, or end, before the playlist before them. */
  readonly sequence_back: number;
  /** Segments and parts whose duration differs from their content, or exceeds what the playlist allows. */
  readonly wrong_durations: number;
  /** Pauses in playback, and the players with at least one. */
  readonly stalls: number;
  readonly stalled_players: number;
  readonly stall_ms: Percentiles | null;
  /** From a segment's last frame at the publisher to a player's last byte of the segment. */
  readonly segment_delay_ms: Percentiles | null;
  /** From a part's last frame at the publisher to a player's last byte of the part. */
  readonly part_delay_ms: Percentiles | null;
}

/** How players changed their variant. */
export interface SwitchesReport {
  readonly up: number;
  readonly down: number;
  /** Changes after which the picture did not continue where it had stopped. */
  readonly misaligned: number;
  /** Number of times that a player left a variant because its playlist could not be loaded. */
  readonly left: number;
  /** From the decision to the first segment, or part, of the other variant. */
  readonly ms: Percentiles | null;
}

/** What the players found. Fields that don't apply to the protocol are left out. */
export interface PlayersReport extends GroupReport {
  readonly protocol: PlayProtocol;
  readonly frames: TrackCounts;
  readonly synthetic: boolean;
  readonly checked: number;
  readonly lost: TrackCounts;
  readonly gaps: number;
  readonly dirty: number;
  readonly corrupt: number;
  readonly disordered: number;
  readonly ran_back: TrackCounts;
  /** MPEG-TS packets whose continuity counter does not follow the one before. */
  readonly continuity_errors?: number;
  /** From the connection's first packet to the first frame; with HLS, to the start of playback. */
  readonly first_frame_ms: Percentiles | null;
  /** From the player's play command, or its request, to the first frame. Not for HLS, which has many requests. */
  readonly first_frame_after_play_ms?: Percentiles | null;
  /** Not for HLS, whose frames arrive by the segment: see its stalls. */
  readonly longest_gap_ms?: number;
  /** From the publisher to the player; with HLS, to the screen of a player that stays as far behind as the playlist says. */
  readonly delay_ms: Percentiles | null;
  readonly hls?: HlsReport;
  /** Only if players reconnect. */
  readonly reconnects?: ReconnectsReport;
}

/** How players that lost their connection came back. */
export interface ReconnectsReport {
  /** How often each reason left a player without media. */
  readonly reasons: Readonly<Record<string, number>>;
  /** How often players got media again. */
  readonly count: number;
  /** From a lost connection to the next frame; with HLS, to the next start of playback. */
  readonly outage_ms: Percentiles | null;
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
  /** Why the measurement may be doubtful. */
  readonly warnings: readonly string[];
  /** Failures; without any, the exit code is 0. */
  readonly problems: readonly string[];
}

/** Traffic of a group's connections during the measurement; `each` has the bytes of connections that still run. */
export interface Traffic {
  readonly seconds: number;
  readonly bytes: number;
  readonly each: readonly number[];
}

/** The players' part of the report. */
export function playersReport(
  protocol: PlayProtocol,
  group: Group,
  totals: PlayerTotals,
  hls: HlsTotals,
  traffic: Traffic,
  checked: number,
): PlayersReport {
  const clocksDiffer = totals.early > totals.delay.count / 100;
  const live = {
    first_frame_after_play_ms: percentiles(totals.firstFrameAfterPlay),
    longest_gap_ms: round(totals.longestGapMs, 1),
  };
  return {
    protocol,
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
    ...(/ts$/.test(protocol) || hls.formats.has("ts") ? { continuity_errors: totals.continuityErrors } : {}),
    first_frame_ms: percentiles(totals.firstFrame),
    ...(protocol === "hls" ? {} : live),
    delay_ms: clocksDiffer ? null : percentiles(totals.delay),
    ...(protocol === "hls" ? { hls: hlsReport(hls, clocksDiffer) } : {}),
  };
}

/** How players that reconnect fared. */
export function reconnectsReport({ losses, outage }: PlayerTotals): ReconnectsReport {
  return { reasons: losses.toObject(), count: outage.count, outage_ms: percentiles(outage) };
}

function hlsReport(totals: HlsTotals, clocksDiffer: boolean): HlsReport {
  return {
    format: formatOf(totals),
    playlists: totals.playlists,
    deltas: totals.deltas,
    not_modified: totals.notModified,
    segments: totals.segments,
    parts: totals.parts,
    hinted: totals.hinted,
    hints_unused: totals.hintsUnused,
    audio: { segments: totals.audioSegments, parts: totals.audioParts },
    keys: totals.keys,
    key_changes: totals.keyChanges,
    variants: totals.variants.toObject(),
    switches: {
      up: totals.switchesUp,
      down: totals.switchesDown,
      misaligned: totals.misaligned,
      left: totals.variantsLeft,
      ms: percentiles(totals.switchTime),
    },
    missed: totals.missed,
    errors: totals.errors.toObject(),
    sequence_back: totals.sequenceBack,
    wrong_durations: totals.wrongDurations,
    stalls: totals.stalls.count,
    stalled_players: totals.stalledPlayers,
    stall_ms: percentiles(totals.stalls),
    segment_delay_ms: clocksDiffer ? null : percentiles(totals.segmentDelay),
    part_delay_ms: clocksDiffer ? null : percentiles(totals.partDelay),
  };
}

function formatOf({ formats }: HlsTotals): HlsReport["format"] {
  if (formats.size === 2) return "both";
  return formats.values().next().value ?? null;
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
      [players.continuity_errors ?? 0, "continuity counters that don't follow"],
    );
    if (players.hls !== undefined) counts.push(...hlsProblems(players.hls));
  }
  const problems = counts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  for (const [what, found] of [
    ["publisher", publishers],
    ["player", players],
  ] as const)
    if (found?.connected === 0 && found.failed === 0) problems.push(`no ${what} connected`);
  return problems;
}

function hlsProblems(found: HlsReport): [number, string][] {
  return [
    [found.missed, "segments missed"],
    [found.sequence_back, "playlists that went back"],
    [found.wrong_durations, `segments ${found.parts > 0 ? "or parts " : ""}of a wrong duration`],
    [found.switches.misaligned, "switches after which the picture did not continue"],
    [found.switches.left, "variants that could not be loaded"],
    [found.stalls, "stalls"],
  ];
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
