import { describe, expect, test } from "bun:test";
import type { BenchReport } from "../../../../src/loadgen/report.ts";
import { PartedShow } from "../../../support/bench-parts.ts";
import { BenchStage, playing } from "../../../support/bench-stage.ts";
import { HttpStandIn } from "../../../support/http-stand-in.ts";

/** Low-latency HLS in memory, and players of it. */
class Stage extends BenchStage {
  readonly web = new HttpStandIn(this.network);
  readonly show = new PartedShow(this.clock, this.web);

  constructor() {
    super();
    this.clock.advance(5000);
  }

  play(count: number, seconds: number, meanwhile?: (ms: number) => void): Promise<BenchReport> {
    return this.run(this.bench({ play: playing(count, "http://10.0.0.1/live/show.m3u8"), seconds }), meanwhile);
  }

  asked(pattern: RegExp): number {
    return this.web.asked.filter((path) => pattern.test(path)).length;
  }
}

describe("low-latency HLS", () => {
  test("is played part by part, as far behind its end as the playlist requires", async () => {
    const stage = new Stage();
    const { problems, warnings, players } = await stage.play(5, 4);
    expect([problems, warnings]).toEqual([[], []]);
    expect(players).toMatchObject({ connected: 5, checked: 5, synthetic: true, corrupt: 0, dirty: 0, gaps: 0 });
    expect(players).not.toHaveProperty("continuity_errors");
    expect(players?.hls).toMatchObject({
      format: "fmp4",
      segments: 0,
      missed: 0,
      stalls: 0,
      hints_unused: 0,
      errors: {},
    });
    const { parts = 0, hinted = 0, playlists = 0, part_delay_ms } = players?.hls ?? {};
    // Parts of seven frames, and those of a GOP that were there.
    expect(parts).toBeWithin(5 * 14, 5 * 28);
    expect(hinted).toBeGreaterThan(5 * 12);
    expect(playlists).toBeWithin(5 * 13, 5 * 18);
    // 0.9 s behind a list that is a frame old.
    expect(players?.delay_ms?.max).toBeLessThan(1400);
    expect(players?.delay_ms?.p50).toBeGreaterThan(900);
    expect(part_delay_ms?.max).toBeLessThan(100);
    // One connection for playlists, one for parts, over which each part is asked for once.
    expect(stage.web.connections).toBe(10);
    expect(stage.asked(/init/)).toBe(5);
    const asked = stage.web.asked.filter((path) => path.endsWith(".m4s"));
    expect(asked.length).toBe(5 * new Set(asked).size);
    expect(stage.asked(/m3u8$/)).toBe(5);
  });

  test("loads only the changes of a known playlist, if the server offers that", async () => {
    const stage = new Stage();
    stage.show.skips = 2;
    const { problems, players } = await stage.play(2, 4);
    expect(problems).toEqual([]);
    expect(players?.hls?.deltas).toBeGreaterThan(2 * 10);
  });

  test("is loaded in full after a delta that leaves out too much", async () => {
    const stage = new Stage();
    stage.show.skips = 2;
    let faults = 0;
    stage.show.edit = (list) => (faults++ === 5 ? list.replace("SKIPPED-SEGMENTS=2", "SKIPPED-SEGMENTS=200") : list);
    const { players } = await stage.play(1, 6);
    expect(players?.hls?.errors).toEqual({
      "playlist: the playlist leaves out segments (EXT-X-SKIP) that it did not list before": 1,
    });
    expect(players).toMatchObject({ failed: 0, gaps: 0 });
  });

  test("is played without hints if they lead nowhere", async () => {
    const stage = new Stage();
    stage.show.hints = false;
    const { problems, players } = await stage.play(2, 4);
    expect(problems).toEqual([]);
    const { hinted, hints_unused = 0, parts = 0, errors } = players?.hls ?? {};
    expect([hinted, errors]).toEqual([0, {}]);
    expect(hints_unused).toBeGreaterThan(20);
    expect(parts).toBeGreaterThan(30);
  });

  test("of a server that does not wait is not requested in a loop", async () => {
    const stage = new Stage();
    stage.show.blocks = false;
    await stage.play(1, 4);
    // What a part brings is asked for at once, and then no sooner than after half a target duration.
    expect(stage.asked(/m3u8/)).toBeLessThan(15);
  });
});

describe("in low-latency HLS, the player finds", () => {
  test("that parts come too late", async () => {
    const stage = new Stage();
    const { players, problems } = await stage.play(2, 8, (ms) => {
      stage.show.held = ms > 3000 && ms < 5500;
    });
    expect(players?.hls).toMatchObject({ stalls: 2, stalled_players: 2 });
    expect(players?.hls?.stall_ms?.max).toBeWithin(1000, 3000);
    expect(problems).toEqual(["stalls: 2"]);
  });

  test("that a part is missing, or is another one for another player", async () => {
    const stage = new Stage();
    stage.show.file = (uri, bytes) => (uri === "2.1.m4s" ? { status: 404, body: "gone\n" } : { body: bytes });
    const { players } = await stage.play(1, 2);
    expect(players?.hls).toMatchObject({ missed: 1, errors: { "segment: refused: gone (HTTP 404)": 1 } });
    expect(players?.gaps).toBe(1);
    const requested: string[] = [];
    stage.show.file = (uri, bytes) => {
      const isSecond = requested.includes(uri) && !requested.includes("changed") && uri !== "init.mp4";
      requested.push(uri, ...(isSecond ? ["changed"] : []));
      const body = bytes.slice();
      if (isSecond) body[9000] = (body[9000] ?? 0) ^ 1;
      return { body };
    };
    expect((await stage.play(3, 1)).players?.corrupt).toBe(1);
  });

  test("that a part is invalid, in one line", async () => {
    const stage = new Stage();
    stage.show.file = (uri, bytes) => ({ body: uri === "2.1.m4s" ? bytes.subarray(0, 200) : bytes });
    const { players, problems } = await stage.play(1, 2);
    expect(Object.keys(players?.hls?.errors ?? {})[0]).toMatch(
      /^segment: MP4's box "\w+" has \d+ bytes, where \d+ are left$/,
    );
    expect(problems).toContain("frames corrupt: 1");
  });

  test("that the init segment is invalid, in one line", async () => {
    const stage = new Stage();
    stage.show.file = (uri, bytes) => ({ body: uri === "init.mp4" ? "<html>" : bytes });
    const { players } = await stage.play(1, 2);
    expect(Object.keys(players?.hls?.errors ?? {})).toEqual([
      "segment: its init segment: MP4 ends within the head of a box, 6 bytes before the end",
    ]);
    expect(players?.reasons).toEqual({ "playback did not begin: too few segments came": 1 });
  });

  test("that parts are longer than they may be, and that one which claims a key frame has none", async () => {
    const stage = new Stage();
    stage.show.edit = (list) => list.replace("PART-TARGET=0.3", "PART-TARGET=0.2");
    expect((await stage.play(1, 2)).players?.hls?.wrong_durations).toBeGreaterThan(5);
    stage.show.edit = (list) => list.replaceAll(/(\.[2-9]\.m4s")/g, "$1,INDEPENDENT=YES");
    expect((await stage.play(1, 1)).players?.dirty).toBe(1);
  });
});
