import { expect, test } from "bun:test";
import { progressLine } from "../../../src/loadgen/progress.ts";
import {
  type BenchReport,
  type PlayersReport,
  type PublishersReport,
  problemsOf,
} from "../../../src/loadgen/report.ts";
import { summary } from "../../../src/loadgen/summary.ts";

const players = {
  protocol: "rtmp",
  asked: 3000,
  connected: 2999,
  failed: 3,
  not_tried: 0,
  reasons: { "connection timed out": 2, "the server closed the connection while playing": 1 },
  connect_ms: { p50: 1.5, p90: 12.34, p99: 123.4, max: 1234.5 },
  mbps: 1800.25,
  kbps_each: { least: 580.4, mean: 600.1, most: 610.9 },
  frames: { video: 100, audio: 200 },
  synthetic: true,
  checked: 100,
  lost: { video: 5, audio: 6 },
  gaps: 1,
  dirty: 0,
  corrupt: 0,
  disordered: 0,
  ran_back: { video: 0, audio: 0 },
  first_frame_ms: { p50: 2, p90: 3, p99: 4, max: 5 },
  first_frame_after_play_ms: { p50: 0.2, p90: 0.3, p99: 0.4, max: 0.5 },
  longest_gap_ms: 400.1,
  delay_ms: { p50: 0.5, p90: 1, p99: 2, max: 30 },
} satisfies PlayersReport;

const publishers: PublishersReport = {
  asked: 1,
  connected: 1,
  failed: 0,
  not_tried: 0,
  reasons: {},
  connect_ms: { p50: 1, p90: 1, p99: 1, max: 1 },
  mbps: 0.6,
  kbps_each: { least: 600, mean: 600, most: 600 },
  frames: { video: 100, audio: 120 },
  dropped: 0,
  late: 0,
};

const report: BenchReport = {
  command: "both",
  url: "rtmp://a/live/x",
  play_url: "rtmp://b/live/x",
  seconds: 60.02,
  interrupted: true,
  publishers,
  players,
  cpu_percent: 94.6,
  warnings: ["beware"],
  problems: ["players failed: 3", "frames lost: 11"],
};

test("the summary reports all findings", () => {
  expect(summary(report).split("\n")).toEqual([
    "both rtmp://a/live/x played from rtmp://b/live/x: measured 60.0 s, ended early",
    "  publishers        1 of 1 connected, 0 failed",
    "  connected within  p50 1.00 ms, p90 1.00 ms, p99 1.00 ms, at most 1.00 ms",
    "  sent              0.6 Mbit/s, each 600 kbit/s (600 to 600)",
    "  frames sent       100 video, 120 audio, 0 messages dropped",
    "  players           2999 of 3000 connected, 3 failed",
    "                    2 × connection timed out",
    "                    1 × the server closed the connection while playing",
    "  connected within  p50 1.50 ms, p90 12.3 ms, p99 123 ms, at most 1235 ms",
    "  received          1800.3 Mbit/s, each 600 kbit/s (580 to 611)",
    "  frames received   100 video, 200 audio",
    "  lost              5 video, 6 audio, in 1 gaps",
    "  order             0 out of order, 0 starts not on a key frame",
    "  content           0 corrupt (every byte of 100 players compared)",
    "  time ran back     0 video, 0 audio",
    "  first frame       p50 2.00 ms, p90 3.00 ms, p99 4.00 ms, at most 5.00 ms",
    "    after its play  p50 0.20 ms, p90 0.30 ms, p99 0.40 ms, at most 0.50 ms",
    "  longest gap       400 ms",
    "  delay             p50 0.50 ms, p90 1.00 ms, p99 2.00 ms, at most 30.0 ms",
    "  bench's own CPU   95 % of one core",
    "  warning           beware",
    "  result            FAILED: players failed: 3, frames lost: 11",
  ]);
});

test("for another encoder's stream, the summary reports what can be known", () => {
  const foreign = { ...players, synthetic: false, delay_ms: null };
  const text = summary({ ...report, players: foreign, problems: [] });
  expect(text).not.toContain("lost");
  expect(text).toContain("delay             unknown: this is no stream of srs bench");
  expect(text).toEndWith("  result            ok");
});

/** What players of HLS found. */
const hlsPlayers = (() => {
  const { longest_gap_ms: _, first_frame_after_play_ms: __, ...rest } = players;
  const hls = {
    format: "ts",
    playlists: 70,
    deltas: 0,
    not_modified: 6,
    segments: 60,
    parts: 0,
    hinted: 0,
    hints_unused: 0,
    audio: { segments: 0, parts: 0 },
    keys: 0,
    key_changes: 0,
    variants: {},
    switches: { up: 0, down: 0, misaligned: 0, left: 0, ms: null },
    missed: 2,
    errors: { "segment: refused: gone (HTTP 404)": 2 },
    sequence_back: 1,
    wrong_durations: 3,
    stalls: 4,
    stalled_players: 2,
    stall_ms: { p50: 100, p90: 200, p99: 300, max: 400 },
    segment_delay_ms: { p50: 500, p90: 600, p99: 700, max: 800 },
    part_delay_ms: null,
  } as const;
  return { ...rest, protocol: "hls", continuity_errors: 5, hls } as const;
})();

test("for HLS, the summary reports findings in playlists, segments and playback", () => {
  const found = hlsPlayers;
  const { hls } = found;
  const lines = summary({ ...report, players: found }).split("\n");
  expect(lines.slice(lines.indexOf("  time ran back     0 video, 0 audio") - 1, -3)).toEqual([
    "  MPEG-TS           5 continuity counters that don't follow",
    "  time ran back     0 video, 0 audio",
    "  playlists         70, 6 not modified, 1 went back",
    "  segments          60 in MPEG-TS, 2 missed, 3 of a wrong duration",
    "                    2 × segment: refused: gone (HTTP 404)",
    "  stalls            4 in 2 players: p50 100 ms, p90 200 ms, p99 300 ms, at most 400 ms",
    "  playback after    p50 2.00 ms, p90 3.00 ms, p99 4.00 ms, at most 5.00 ms",
    "  delay             p50 0.50 ms, p90 1.00 ms, p99 2.00 ms, at most 30.0 ms",
    "    of segments     p50 500 ms, p90 600 ms, p99 700 ms, at most 800 ms",
  ]);
  expect(problemsOf(found, undefined)).toEqual([
    "players failed: 3",
    "frames lost: 11",
    "continuity counters that don't follow: 5",
    "segments missed: 2",
    "playlists that went back: 1",
    "segments of a wrong duration: 3",
    "stalls: 4",
  ]);
  const parts = { format: "fmp4", segments: 5, parts: 400, hinted: 390, hints_unused: 2, deltas: 300 } as const;
  const percentiles = { p50: 20, p90: 30, p99: 40, max: 50 };
  const low = { ...hls, ...parts, part_delay_ms: percentiles, segment_delay_ms: null };
  const { continuity_errors: ___, ...foundLow } = { ...found, hls: low };
  const told = summary({ ...report, players: foundLow });
  expect(told).not.toContain("MPEG-TS");
  expect(told).toContain("  playlists         70, 6 not modified, 300 without what was known, 1 went back\n");
  expect(told).toContain("  segments          5 in fragmented MP4, 2 missed, 3 of a wrong duration\n");
  expect(told).toContain("  parts             400, 390 of them by hints, 2 hints not used\n");
  expect(told).toContain("    of parts        p50 20.0 ms, p90 30.0 ms, p99 40.0 ms, at most 50.0 ms\n");
  expect(told).not.toContain("of segments");
  expect(problemsOf(foundLow, undefined)).toContain("segments or parts of a wrong duration: 3");
});

test("for HLS with variants, audio apart and keys, the summary reports what was played of them", () => {
  const { hls } = hlsPlayers;
  const choices = {
    audio: { segments: 20, parts: 0 },
    keys: 12,
    key_changes: 8,
    variants: { "1280x720 of 2000 kbit/s": 40, "640x360 of 600 kbit/s": 12 },
    switches: { up: 3, down: 4, misaligned: 1, left: 0, ms: { p50: 20, p90: 30, p99: 40, max: 50 } },
  };
  const found = { ...hlsPlayers, hls: { ...hls, ...choices } };
  const lines = summary({ ...report, players: found }).split("\n");
  expect(lines.slice(lines.indexOf("  variants          40 segments of 1280x720 of 2000 kbit/s"), -7)).toEqual([
    "  variants          40 segments of 1280x720 of 2000 kbit/s",
    "                    12 segments of 640x360 of 600 kbit/s",
    "  switches          3 up, 4 down, 1 misaligned, 0 from a lost variant, after p50 20.0 ms, p90 30.0 ms, p99 40.0 ms, at most 50.0 ms",
    "  audio apart       20 of the segments, 0 of the parts",
    "  keys              12 fetched, 8 changes",
    "                    2 × segment: refused: gone (HTTP 404)",
  ]);
  expect(problemsOf(found, undefined)).toContain("switches after which the picture did not continue: 1");
});

test("if no client got in, the summary is short", () => {
  const nobody = { ...players, connected: 0, not_tried: 97, frames: { video: 0, audio: 0 }, connect_ms: null };
  const { publishers: _, play_url: __, ...rest } = report;
  expect(
    summary({ ...rest, players: nobody, warnings: [] })
      .split("\n")
      .slice(1, -2),
  ).toEqual([
    "  players           0 of 3000 connected, 3 failed, 97 not tried",
    "                    2 × connection timed out",
    "                    1 × the server closed the connection while playing",
  ]);
});

test("for a run that ends while clients connect, the summary has no bitrate", () => {
  const text = summary({ ...report, seconds: 0 });
  expect(text).toContain("  sent              not measured: it ended while they were connecting\n");
  expect(text).toContain("  received          not measured: it ended while they were connecting\n");
});

test("if no client is left at the end, the summary has no share for each", () => {
  const none = { least: 0, mean: 0, most: 0 };
  const text = summary({ ...report, players: { ...players, kbps_each: none } });
  expect(text).toContain("  received          1800.3 Mbit/s\n");
});

test("one URL for both ends is printed once", () => {
  const [head] = summary({ ...report, play_url: report.url }).split("\n");
  expect(head).toBe("both rtmp://a/live/x: measured 60.0 s, ended early");
});

test("a progress line shows the present figures", () => {
  const going = { running: 2980, asked: 3000, failed: 2, mbps: 1791.44 };
  expect(
    progressLine({
      phase: "connecting",
      seconds: 4.9,
      publishers: undefined,
      players: { ...going, delayP50Ms: 4.123, delayP99Ms: 12.34, lost: 0 },
    }),
  ).toBe("connecting 5 s, 2980 of 3000 (2 failed) playing, 1791 Mbit/s, delay p50 4.12 ms, p99 12.3 ms, 0 lost");
  expect(
    progressLine({
      phase: "measuring",
      seconds: 10,
      publishers: { running: 1, asked: 1, failed: 0, mbps: 0.6, dropped: 7 },
      players: undefined,
    }),
  ).toBe("measured 10 s, 1 of 1 publishing, 0.60 Mbit/s, 7 dropped");
});
