import { describe, expect, test } from "bun:test";
import type { BenchReport } from "../../../../src/loadgen/report.ts";
import { PartedShow } from "../../../support/bench-parts.ts";
import { BenchStage, playing } from "../../../support/bench-stage.ts";
import { HttpStandIn } from "../../../support/http-stand-in.ts";

const LADDER = [
  { folder: "/hd", kbps: 1200 },
  { folder: "/sd", kbps: 300 },
] as const;

/** Low-latency HLS of two variants in memory, each with its audio in a playlist of its own or inside. */
class Stage extends BenchStage {
  readonly web = new HttpStandIn(this.network);
  readonly shows: readonly PartedShow[];
  /** Lines of the playlist of variants. */
  lines: string[] = [];

  constructor(apart = true, keys = false) {
    super();
    this.shows = LADDER.flatMap(({ folder, kbps }, at) => {
      const common = { kbps, keys, source: 7 + at };
      const main = new PartedShow(this.clock, this.web, { ...common, folder, pick: apart ? "video" : "all" });
      const audio = apart ? `,AUDIO="${folder}"` : "";
      this.lines.push(`#EXT-X-STREAM-INF:BANDWIDTH=${kbps * 1000}${audio}`, `${folder}/show.m3u8`);
      if (!apart) return [main];
      this.lines.push(
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${folder}",NAME="x",DEFAULT=YES,URI="${folder}/sound/show.m3u8"`,
      );
      return [main, new PartedShow(this.clock, this.web, { ...common, folder: `${folder}/sound`, pick: "audio" })];
    });
    this.web.route("/all.m3u8", () => ({ body: ["#EXTM3U", ...this.lines].join("\n") }));
    this.clock.advance(5000);
  }

  play(count: number, seconds: number, variant = "first", meanwhile?: (ms: number) => void): Promise<BenchReport> {
    const play = { ...playing(count, "http://10.0.0.1/all.m3u8"), variant };
    return this.run(this.bench({ play, seconds }), meanwhile);
  }

  asked(pattern: RegExp): string[] {
    return this.web.asked.filter((path) => pattern.test(path));
  }
}

describe("audio in a playlist of its own", () => {
  test("is loaded beside the picture, by parts, blocked requests and hints", async () => {
    const stage = new Stage();
    const { problems, warnings, players } = await stage.play(3, 4);
    expect([problems, warnings]).toEqual([[], []]);
    expect(players).toMatchObject({ connected: 3, checked: 3, synthetic: true, gaps: 0 });
    const { parts = 0, hinted = 0, audio, stalls, segments } = players?.hls ?? {};
    expect([stalls, segments]).toEqual([0, 0]);
    expect(audio?.parts).toBeWithin(3 * 13, parts / 2 + 1);
    expect(hinted).toBeGreaterThan(3 * 24);
    expect(players?.frames.audio).toBeGreaterThan(3 * 120);
    expect(players?.delay_ms?.max).toBeLessThan(1500);
    // One connection for each playlist, and one for its parts.
    expect(stage.web.connections).toBe(3 * 4);
    expect(stage.asked(/sound\/show.m3u8\?_HLS_msn/).length).toBeGreaterThan(3 * 12);
    expect(new Set(stage.asked(/sound\/.*m4s/)).size).toBe(stage.asked(/sound\/.*m4s/).length / 3);
    expect(stage.asked(/^\/sd/)).toEqual([]);
  });

  test("that comes too late stalls playback, although the picture is there", async () => {
    const stage = new Stage();
    const { players, problems } = await stage.play(2, 8, "first", (ms) => {
      const [, sound] = stage.shows;
      if (sound !== undefined) sound.held = ms > 3000 && ms < 5500;
    });
    expect(players?.hls).toMatchObject({ stalls: 2, stalled_players: 2 });
    expect(problems).toEqual(["stalls: 2"]);
  });

  test("that can't be loaded ends the player, with the reason in one line", async () => {
    const stage = new Stage();
    stage.web.route("/hd/sound/show.m3u8", () => ({ status: 403, body: "no sound for you\n" }));
    const { players } = await stage.play(1, 2);
    expect(players?.reasons).toEqual({ "audio: refused: no sound for you (HTTP 403)": 1 });
  });

  test("that misses a part is missed without a stall, as the picture goes on", async () => {
    const stage = new Stage();
    const [, sound] = stage.shows;
    if (sound !== undefined)
      sound.file = (uri, bytes) => (uri === "2.1.m4s" ? { status: 404, body: "gone\n" } : { body: bytes });
    const { players } = await stage.play(1, 6);
    expect(players?.hls).toMatchObject({ missed: 1, stalls: 0, errors: { "segment: refused: gone (HTTP 404)": 1 } });
  });
});

describe("players that change their variant", () => {
  test("continue with the next segment of the other one, picture and audio, without a gap or a stall", async () => {
    const stage = new Stage();
    const { problems, players } = await stage.play(4, 24, "switch");
    expect(problems).toEqual([]);
    const { switches, variants, stalls } = players?.hls ?? {};
    const changes = (switches?.up ?? 0) + (switches?.down ?? 0);
    expect(changes).toBeWithin(8, 4 * 13);
    expect([switches?.misaligned, stalls]).toEqual([0, 0]);
    expect(switches?.ms?.max).toBeLessThan(400);
    expect(Object.keys(variants ?? {}).toSorted()).toEqual(["a variant of 1200 kbit/s", "a variant of 300 kbit/s"]);
    expect(stage.asked(/^\/hd\/sound\/.*m4s/).length).toBeGreaterThan(20);
    expect(stage.asked(/^\/sd\/sound\/.*m4s/).length).toBeGreaterThan(20);
    // Of each second, each player has one part of the picture or the other.
    expect(players?.frames.video).toBeWithin(4 * 24 * 25, 4 * 27 * 25);
  });

  test("change at the same segments in each run", async () => {
    const runs = [await new Stage(false).play(3, 12, "switch"), await new Stage(false).play(3, 12, "switch")];
    const [first, second] = runs.map(({ players }) => players?.hls?.switches);
    expect(first?.up ?? 0).toBeGreaterThan(0);
    expect(second).toEqual(first as NonNullable<typeof first>);
  });

  test("are told from a change after which the picture does not continue", async () => {
    const stage = new Stage(false);
    // The other variant's numbers are one ahead, and there are no dates to tell.
    const [, low] = stage.shows;
    if (low !== undefined)
      low.edit = (list) => list.replace(/SEQUENCE:(\d+)/, (_, number) => `SEQUENCE:${Number(number) + 1}`);
    const { players, problems } = await stage.play(2, 12, "switch");
    expect(players?.hls?.switches.misaligned).toBeGreaterThan(0);
    expect(problems[0]).toMatch(/switches after which the picture did not continue: \d+/);
  });

  test("take the other variant when theirs is no longer there", async () => {
    const stage = new Stage(false);
    const { players, problems } = await stage.play(2, 10, "auto", (ms) => {
      const [high] = stage.shows;
      if (ms !== 2000 || high === undefined) return;
      high.edit = () => "";
      high.release();
    });
    expect(players).toMatchObject({ failed: 0 });
    expect(players?.hls?.switches.left).toBe(2);
    // What is repeated of the segment that was begun is no fault; three failed requests take longer than the buffer lasts.
    expect(problems).toEqual(["variants that could not be loaded: 2", "stalls: 2"]);
    expect(stage.asked(/^\/sd\/.*m4s/).length).toBeGreaterThan(20);
  });

  test("say so if there is nothing to change to", async () => {
    const stage = new Stage();
    stage.lines = stage.lines.slice(0, 3);
    const { warnings, problems } = await stage.play(1, 2, "switch");
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["players had nothing to switch between: the playlist has one variant"]);
  });
});

test("a variant is played by its name, and one that is not there is answered by the list of those that are", async () => {
  const stage = new Stage(false);
  const { problems } = await stage.play(2, 2, "sd");
  expect(problems).toEqual([]);
  expect(stage.asked(/^\/hd/)).toEqual([]);
  const { players } = await stage.play(1, 2, "uhd");
  expect(Object.keys(players?.reasons ?? {})).toEqual([
    'the playlist has no variant "uhd"; it has /hd/show.m3u8 (a variant of 1200 kbit/s), /sd/show.m3u8 (a variant of 300 kbit/s)',
  ]);
});

describe("encrypted parts", () => {
  test("are decrypted as they come, and each player fetches each key once for picture and audio", async () => {
    const stage = new Stage(true, true);
    const keys = (query: URLSearchParams) => `.key?session=${query.get("session")}`;
    let sessions = 0;
    for (const show of stage.shows) show.edit = (list, query) => list.replaceAll(".key", keys(query));
    const lines = [...stage.lines];
    const all = () => {
      const session = `.m3u8?session=a1b2c3d4${sessions++}`;
      return { body: ["#EXTM3U", ...lines.map((line) => line.replace(".m3u8", session))].join("\n") };
    };
    stage.web.route("/all.m3u8", all);
    for (const folder of ["/hd", "/hd/sound"])
      stage.web.route(`${folder}/show.m3u8`, () => ({ status: 403, body: "no session\n" }));
    const { problems, players } = await stage.play(3, 8);
    expect(problems).toEqual([]);
    expect(players).toMatchObject({ synthetic: true, corrupt: 0, dirty: 0 });
    const { part_delay_ms, keys: fetched = 0, key_changes = 0, stalls, hints_unused } = players?.hls ?? {};
    expect(part_delay_ms?.max).toBeLessThan(100);
    expect([stalls, hints_unused]).toEqual([0, 0]);
    // Two segments of 2 s have one key. Picture and audio have keys of the same names in their folders.
    expect(key_changes).toBeWithin(3 * 2, 3 * 4);
    expect(fetched).toBe(2 * (key_changes + 3));
    const asked = stage.asked(/key/);
    expect(asked).toHaveLength(fetched);
    expect(asked.filter((path) => /\?session=a1b2c3d4[012]$/.test(path))).toEqual(asked);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test("that were changed on their way are said in one line", async () => {
    const stage = new Stage(false, true);
    for (const show of stage.shows)
      show.file = (uri, bytes) => ({ body: uri === "2.1.m4s" ? bytes.subarray(0, bytes.length - 3) : bytes });
    const { players } = await stage.play(1, 4);
    expect(players?.hls?.errors).toEqual({ "segment: an encrypted segment is no whole number of blocks": 1 });
    expect(players?.corrupt).toBe(1);
  });
});
