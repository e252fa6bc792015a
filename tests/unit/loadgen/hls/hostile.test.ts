import { expect, test } from "bun:test";
import { BenchStage, playing } from "../../../support/bench-stage.ts";
import { HttpStandIn, type StandInAnswer } from "../../../support/http-stand-in.ts";
import { between, mulberry32 } from "../../../support/random.ts";

/** Lines of playlists, right and wrong ones. */
const LINES = [
  "#EXT-X-TARGETDURATION:2",
  "#EXT-X-TARGETDURATION:0.0001",
  "#EXT-X-MEDIA-SEQUENCE:7",
  "#EXT-X-MEDIA-SEQUENCE:999999999999999",
  "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.9,CAN-SKIP-UNTIL=12",
  "#EXT-X-PART-INF:PART-TARGET=0.3",
  '#EXT-X-PART:DURATION=0.3,URI="p",INDEPENDENT=YES',
  '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="h"',
  "#EXT-X-SKIP:SKIPPED-SEGMENTS=1",
  '#EXT-X-KEY:METHOD=AES-128,URI="k"',
  '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"',
  "#EXT-X-KEY:METHOD=NONE",
  '#EXT-X-MAP:URI="i"',
  "#EXT-X-DISCONTINUITY",
  "#EXT-X-GAP",
  "#EXT-X-ENDLIST",
  "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z",
  "#EXTINF:2,\ns.ts",
  "#EXTINF:2,\nftp://a/s.ts",
  "#EXTINF:2,\nhttp://[",
  "#EXTINF:0,\ns.ts",
] as const;
const MULTIVARIANT = [
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,URI="sound.m3u8?v"',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="http://["',
  '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\nlow.m3u8',
  "#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh.m3u8",
  "#EXT-X-STREAM-INF:BANDWIDTH=3\n//",
] as const;

function listOf(random: () => number, lines: readonly string[], head: readonly string[]): string {
  const count = between(random, 1, 12);
  const more = Array.from({ length: count }, () => lines[between(random, 0, lines.length - 1)] ?? "");
  return ["#EXTM3U", ...head, ...more].join("\n");
}

function answer(random: () => number, path: string): StandInAnswer {
  const kind = between(random, 0, 19);
  if (kind === 0) return { status: 404, body: "no\n" };
  if (kind === 1) return { status: 302, headers: { location: "/other.m3u8" } };
  if (kind === 2) return { status: 304 };
  if (kind === 3) return { body: "\u0000\u0001<html>", close: true };
  if (path.startsWith("/all.m3u8")) return { body: listOf(random, MULTIVARIANT, []) };
  if (path.includes("m3u8")) return { body: listOf(random, LINES, ["#EXT-X-TARGETDURATION:2", "#EXTINF:2,", "0.ts"]) };
  return { body: new Uint8Array(between(random, 0, 4) * 16).fill(between(random, 0, 255)) };
}

test("whatever a server answers, players of all kinds go on or end with reasons of one line, and ask a bounded number of times", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = mulberry32(seed);
    const stage = new BenchStage();
    const web = new HttpStandIn(stage.network);
    web.otherwise = (path) => answer(random, path);
    const variant = ["first", "switch", "auto", "highest"][seed % 4] ?? "first";
    const play = { ...playing(3, "http://10.0.0.1/all.m3u8"), variant, reconnect: seed % 3 === 0 };
    const { players } = await stage.run(stage.bench({ play, seconds: 8 }));
    const texts = [...Object.keys(players?.reasons ?? {}), ...Object.keys(players?.hls?.errors ?? {})];
    for (const text of texts) expect(text).toMatch(/^\P{C}{1,400}$/u);
    expect(players?.connected ?? 0).toBeLessThanOrEqual(3);
    // Three players of four connections each, for up to 20 s: a hundred requests a second for each playlist at the very most.
    expect(web.asked.length).toBeLessThan(3 * 2 * 20 * 100);
  }
});
