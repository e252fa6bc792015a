import { describe, expect, test } from "bun:test";
import { createCipheriv } from "node:crypto";
import type { BenchReport } from "../../../../src/loadgen/report.ts";
import { BenchShow, type ShowSegment } from "../../../support/bench-show.ts";
import { BenchStage, playing, publishing } from "../../../support/bench-stage.ts";
import { HttpStandIn } from "../../../support/http-stand-in.ts";

const url = "http://10.0.0.1/live/show.m3u8";
const WINDOW = 4;

/** HLS in memory: segments of 2 s, of which the playlist lists four. */
class Stage extends BenchStage {
  readonly web = new HttpStandIn(this.network);
  readonly show = new BenchShow(this.clock);
  /** What is wrong, if anything: tests change these. */
  headers: Readonly<Record<string, string>> = {};
  extinf = "2.000";
  shift = 0;
  segments = (): readonly ShowSegment[] => this.show.segments;

  constructor(beforeMs = 11_000) {
    super();
    this.web.route("/live/show.m3u8", () => {
      const listed = this.segments().slice(-WINDOW);
      return listed.length === 0
        ? { status: 404, body: "not yet\n" }
        : { headers: this.headers, body: this.list(listed) };
    });
    this.clock.advance(beforeMs);
  }

  list(listed: readonly ShowSegment[], more = ""): string {
    const lines = listed.flatMap(({ number }) => {
      this.web.route(`/live/show/${number}.ts`, () => ({ body: this.show.segments[number]?.bytes ?? "" }));
      return [`#EXTINF:${this.extinf},`, `show/${number}.ts`];
    });
    const first = (listed[0]?.number ?? 0) + this.shift;
    const head = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", `#EXT-X-MEDIA-SEQUENCE:${first}`];
    return `${[...head, ...lines].join("\n")}\n${more}`;
  }

  play(count: number, seconds: number, meanwhile?: (ms: number) => void): Promise<BenchReport> {
    return this.run(this.bench({ play: playing(count, url), seconds }), meanwhile);
  }
}

describe("a stream that is played without fault", () => {
  test("is fetched segment by segment, with the delay of playing three target durations behind", async () => {
    const stage = new Stage();
    const { problems, players } = await stage.play(5, 12);
    expect(problems).toEqual([]);
    expect(players).toMatchObject({ protocol: "hls", connected: 5, failed: 0, checked: 5, synthetic: true });
    expect(players?.hls).toMatchObject({ missed: 0, errors: {}, sequence_back: 0, wrong_durations: 0, stalls: 0 });
    // Six seconds that were there, and what came in twelve more.
    expect(players?.hls?.segments).toBe(5 * 9);
    expect(players?.frames.video).toBe(5 * 9 * 50);
    expect(players?.delay_ms?.p50).toBeWithin(6000, 8500);
    expect(players?.hls?.segment_delay_ms?.max).toBeLessThan(2200);
    expect(players?.first_frame_ms?.max).toBeLessThan(100);
    for (const name of ["longest_gap_ms", "first_frame_after_play_ms"]) expect(players).not.toHaveProperty(name);
    const segments = stage.web.asked.filter((path) => path.endsWith(".ts"));
    expect(new Set(segments).size).toBe(segments.length / 5);
    // One connection for playlists, one for segments.
    expect(stage.web.connections).toBe(10);
  });

  test("has its playlist loaded each target duration, or after half of one if it has not changed", async () => {
    const stage = new Stage();
    const asked: number[] = [];
    stage.web.route("/live/show.m3u8", () => {
      asked.push(stage.clock.now());
      return { body: stage.list(stage.show.segments.slice(0, asked.length < 3 ? 3 : 4)) };
    });
    await stage.play(1, 8);
    const steps = asked.slice(1).map((time, at) => Math.round((time - (asked[at] ?? 0)) / 100) / 10);
    expect(steps.slice(0, 5)).toEqual([2, 1, 2, 1, 1]);
  });

  test("is requested on the condition that it has changed, if it has an ETag", async () => {
    const stage = new Stage();
    stage.web.route("/live/show.m3u8", (head) => {
      // Two segments at a time, so that every other playlist is as the one before.
      const count = stage.show.segments.length & ~1;
      const etag = `"${count}"`;
      if (head.includes(`If-None-Match: ${etag}\r\n`)) return { status: 304, headers: { etag } };
      return { headers: { etag }, body: stage.list(stage.show.segments.slice(0, count).slice(-WINDOW)) };
    });
    const { problems, players } = await stage.play(1, 12);
    expect(problems).toEqual([]);
    const { not_modified = 0, playlists = 0 } = players?.hls ?? {};
    expect(not_modified).toBeGreaterThan(2);
    expect(not_modified + playlists).toBe(stage.web.asked.filter((path) => path.endsWith(".m3u8")).length);
    expect(players?.hls?.segments).toBeGreaterThan(6);
  });

  test("is found behind a playlist of variants", async () => {
    const stage = new Stage();
    const body =
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n../live/show.m3u8?session=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\nx.m3u8\n";
    stage.web.route("/live/all.m3u8", () => ({ body }));
    stage.web.route("/live/show.m3u8?session=1", () => ({ body: stage.list(stage.show.segments.slice(-WINDOW)) }));
    const play = playing(2, "http://10.0.0.1/live/all.m3u8");
    const { problems } = await stage.run(stage.bench({ play, seconds: 5 }));
    expect(problems).toEqual([]);
    expect(stage.web.asked.filter((path) => path === "/live/all.m3u8")).toHaveLength(2);
  });

  test("is waited for if the bench publishes it, and is missing otherwise", async () => {
    const plan = { publish: publishing(1), play: playing(1, url), command: "both" } as const;
    const waiting = new Stage(0);
    const { problems, players } = await waiting.run(waiting.bench({ ...plan, seconds: 8 }));
    expect(problems).toEqual([]);
    expect(players?.connect_ms?.max).toBeLessThan(100);
    const missing = await new Stage(0).play(1, 8);
    expect(missing.players?.reasons).toEqual({ "refused: not yet (HTTP 404)": 1 });
  });
});

describe("a fault of a stream is found:", () => {
  test("segments that come too late are stalls of the time that they are late", async () => {
    const stage = new Stage();
    let held: readonly ShowSegment[] | undefined;
    stage.segments = () => held ?? stage.show.segments;
    const { players, problems } = await stage.play(2, 20, (ms) => {
      if (ms === 2000) held = [...stage.show.segments];
      if (ms === 14_000) held = undefined;
    });
    expect(players?.hls).toMatchObject({ stalls: 2, stalled_players: 2 });
    expect(players?.hls?.stall_ms?.max).toBeWithin(4000, 9000);
    expect(problems.at(-1)).toBe("stalls: 2");
  });

  test("a segment that is not there is missed, and so are its frames", async () => {
    const stage = new Stage();
    const list = stage.list.bind(stage);
    stage.list = (listed) => {
      const text = list(listed);
      stage.web.route("/live/show/6.ts", () => ({ status: 404, body: "gone\n" }));
      return text;
    };
    const { players, problems } = await stage.play(1, 8);
    expect(players?.hls).toMatchObject({ missed: 1, errors: { "segment: refused: gone (HTTP 404)": 1 } });
    expect(players).toMatchObject({ lost: { video: 50 }, gaps: 1, dirty: 0 });
    expect(problems).toContain("segments missed: 1");
  });

  test("segments that leave the playlist before they can be fetched", async () => {
    const stage = new Stage();
    const { players } = await stage.play(1, 16, (ms) => {
      if (ms === 500) stage.web.route("/live/show.m3u8", () => ({ status: 304 }));
      if (ms === 11_000)
        stage.web.route("/live/show.m3u8", () => ({ body: stage.list(stage.show.segments.slice(-2)) }));
    });
    const { missed = 0, errors } = players?.hls ?? {};
    expect(missed).toBeWithin(3, 5);
    expect(errors).toEqual({ "segments: had left the playlist before they were fetched": 1 });
    expect(players?.lost.video).toBe(missed * 50);
  });

  test("numbers that go back", async () => {
    const stage = new Stage();
    const { players, problems } = await stage.play(1, 8, (ms) => {
      if (ms === 3000) stage.shift = -2;
    });
    expect(players?.hls?.sequence_back).toBe(1);
    expect(problems).toContain("playlists that went back: 1");
  });

  test("durations that are not those of the segments", async () => {
    const stage = new Stage();
    stage.extinf = "1.800";
    const { players } = await stage.play(1, 8);
    expect(players?.hls?.wrong_durations).toBeGreaterThan(3);
    stage.extinf = "2.600";
    const long = await stage.play(1, 4);
    // They exceed the target duration, too.
    expect(long.players?.hls?.wrong_durations).toBeGreaterThan(4);
  });

  test("bytes that another player got differently", async () => {
    const stage = new Stage();
    const list = stage.list.bind(stage);
    let requests = 0;
    stage.list = (listed) => {
      const text = list(listed);
      stage.web.route("/live/show/4.ts", () => {
        const body = (stage.show.segments[4]?.bytes ?? new Uint8Array(0)).slice();
        if (requests++ === 1) body[30_000] = (body[30_000] ?? 0) ^ 1;
        return { body };
      });
      return text;
    };
    const { players } = await stage.play(3, 4);
    expect(players?.corrupt).toBe(1);
  });

  test("a playlist that ends, one that lists nothing that can be played, and one that is none", async () => {
    const stage = new Stage();
    stage.web.route("/live/show.m3u8", () => ({ body: stage.list(stage.show.segments, "#EXT-X-ENDLIST\n") }));
    const ended = await stage.play(1, 4);
    expect(ended.players?.reasons).toEqual({ "ended by the server: the playlist has EXT-X-ENDLIST": 1 });
    expect(ended.players?.hls?.stalls).toBe(0);
    stage.web.route("/live/show.m3u8", () => ({ body: stage.list(stage.show.segments.slice(0, 1)) }));
    const short = await stage.play(1, 4);
    expect(short.players?.reasons).toEqual({ "playback did not begin: too few segments came": 1 });
    stage.web.route("/live/show.m3u8", () => ({ body: "<html>" }));
    const page = await stage.play(1, 4);
    expect(page.players?.reasons).toEqual({ "a playlist begins with #EXTM3U, this answer does not": 1 });
  });

  test("a playlist that can't be loaded any more, after three attempts", async () => {
    const stage = new Stage();
    const { players } = await stage.play(1, 12, (ms) => {
      if (ms === 3000) stage.web.route("/live/show.m3u8", () => ({ status: 410, body: "it is over\n" }));
    });
    expect(players?.reasons).toEqual({ "playlist: refused: it is over (HTTP 410)": 1 });
    expect(players?.hls?.errors).toEqual({ "playlist: refused: it is over (HTTP 410)": 3 });
  });
});

test("a redirect of the playlist is followed, and one in a circle is not", async () => {
  const stage = new Stage();
  stage.web.route("/live/other.m3u8", () => ({ status: 302, headers: { location: url } }));
  stage.web.route("/live/circle.m3u8", () => ({ status: 302, headers: { location: "/live/circle.m3u8" } }));
  const play = (name: string) => playing(2, `http://10.0.0.1/live/${name}.m3u8`);
  const { problems, players } = await stage.run(stage.bench({ play: play("other"), seconds: 12 }));
  expect(problems).toEqual([]);
  expect(players).toMatchObject({ connected: 2, failed: 0 });
  const circle = await stage.run(stage.bench({ play: play("circle"), seconds: 2 }));
  expect(Object.keys(circle.players?.reasons ?? {})[0]).toContain("the fourth in a row");
});

describe("encrypted segments", () => {
  const KEY = Uint8Array.from({ length: 16 }, (_, at) => at * 7);

  /** Segments encrypted whole, and two keys in turn, each player's own. */
  function encrypt(stage: Stage, key: () => Uint8Array | string = () => KEY): void {
    const list = stage.list.bind(stage);
    stage.list = (listed, more) => {
      const [head = "", ...entries] = list(listed, more).split("#EXTINF");
      for (const { number, bytes } of listed) {
        const iv = Buffer.alloc(16);
        iv.writeUInt32BE(number, 12);
        const cipher = createCipheriv("aes-128-cbc", KEY, iv);
        const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
        stage.web.route(`/live/show/${number}.ts`, () => ({ body }));
      }
      stage.web.route("/live/show/a.key", () => ({ body: key() }));
      stage.web.route("/live/show/b.key", () => ({ body: key() }));
      const keyed = entries.map((entry, at) => {
        const name = (listed[at]?.number ?? 0) % 4 < 2 ? "a" : "b";
        return `#EXT-X-KEY:METHOD=AES-128,URI="show/${name}.key"\n#EXTINF${entry}`;
      });
      return [head, ...keyed].join("");
    };
  }

  test("are decrypted by the keys that the playlist names, of which each player fetches each once", async () => {
    const stage = new Stage();
    encrypt(stage);
    const { problems, players } = await stage.play(2, 8);
    expect(problems).toEqual([]);
    expect(players).toMatchObject({ synthetic: true, checked: 2, corrupt: 0 });
    const keys = stage.web.asked.filter((path) => path.endsWith(".key"));
    expect(keys).toHaveLength(2 * 2);
    expect(players?.hls).toMatchObject({ keys: 2 * 2, key_changes: 2 * 3 });
  });

  test("can't be read with another key, or without one, which is said in one line", async () => {
    const errors = async (key: () => Uint8Array | string) => {
      const stage = new Stage();
      encrypt(stage, key);
      return Object.keys((await stage.play(1, 2)).players?.hls?.errors ?? {});
    };
    expect(await errors(() => new Uint8Array(16))).toEqual([
      "segment: a segment can't be decrypted with the key that the playlist names",
    ]);
    expect(await errors(() => "none")).toEqual(["segment: its key: a key has 16 bytes, not 4"]);
    expect(await errors(() => new Uint8Array(5000))).toEqual([
      "segment: its key: protocol error: it has more than 16 bytes",
    ]);
  });
});

test("a gap in the playlist is not requested, and counts as missed", async () => {
  const stage = new Stage();
  const list = stage.list.bind(stage);
  stage.list = (listed) => list(listed).replace("#EXTINF:2.000,\nshow/6.ts", "#EXT-X-GAP\n#EXTINF:2.000,\nshow/6.ts");
  const { players } = await stage.play(1, 8);
  expect(players?.hls).toMatchObject({ missed: 1, errors: { "segments: listed as a gap (EXT-X-GAP)": 1 } });
  expect(stage.web.asked).not.toContain("/live/show/6.ts");
});

test("players of all variants are spread evenly, and a variant is no playlist of variants again", async () => {
  const stage = new Stage();
  const names = ["show.m3u8?v=1", "show.m3u8?v=2", "show.m3u8?v=3"];
  const lines = names.map((name, at) => `#EXT-X-STREAM-INF:BANDWIDTH=${at}\n${name}\n`);
  stage.web.route("/live/all.m3u8", () => ({ body: `#EXTM3U\n${lines.join("")}` }));
  for (const name of names)
    stage.web.route(`/live/${name}`, () => ({ body: stage.list(stage.show.segments.slice(-WINDOW)) }));
  const play = { ...playing(6, "http://10.0.0.1/live/all.m3u8"), variant: "all" } as const;
  const { problems, warnings } = await stage.run(stage.bench({ play, seconds: 1 }));
  expect([problems, warnings]).toEqual([[], []]);
  for (const name of names) expect(stage.web.asked.filter((path) => path === `/live/${name}`)).toHaveLength(2);
  stage.web.route(`/live/${names[0]}`, () => ({ body: `#EXTM3U\n${lines.join("")}` }));
  const again = await stage.run(stage.bench({ play: { ...play, count: 1 }, seconds: 1 }));
  expect(again.players?.reasons).toEqual({ "the playlist names a variant that is a playlist of variants again": 1 });
});
