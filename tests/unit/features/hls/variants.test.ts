import { describe, expect, test } from "bun:test";
import { parse } from "hls-parser";
import type { MasterPlaylist } from "hls-parser/types";
import { expectAligned, Ladder, VARIANTS } from "../../../support/hls-ladder.ts";
import { type HlsStageOptions, urisOf } from "../../../support/hls-stage.ts";
import { checkHistory, readMedia } from "../../../support/playlists.ts";

function master(text: string): MasterPlaylist {
  const playlist = parse(text);
  if (!playlist.isMasterPlaylist) throw new Error(`not a multivariant playlist:\n${text}`);
  return playlist as MasterPlaylist;
}

test("a link to a variant waits for three target durations where the stream has none, and then gets the stream itself", () => {
  const ladder = new Ladder({ config: { hls_variants: [] } });
  ladder.begin("");
  ladder.run(12);
  const asked = ladder.stage.get(`/live/show.m3u8?hls_ctx=${"a".repeat(32)}&hls_variant=_sd`);
  ladder.run(11);
  expect(asked.answered).toBe(false);
  ladder.run(5);
  expect(readMedia(asked.text).segments.length).toBeGreaterThan(3);
});

describe("variants are cut at the same places", () => {
  test.each([
    ["at once", [0, 0, 0]],
    ["one after the other", [0, 1.5, 4]],
    ["late, and in another order", [7, 0, 3]],
  ])("when their connections begin %s", (_, starts) => {
    const ladder = new Ladder({ config: { hls_fragment: 4 } });
    const suffixes = ["", ...VARIANTS];
    for (let half = 0; half < 16; half++) {
      for (const [at, start] of starts.entries()) if (start === half / 2) ladder.begin(suffixes[at] ?? "");
      ladder.run(0.5);
    }
    ladder.run(30);
    const lists = ladder.lists();
    expect([...lists.keys()]).toEqual(suffixes);
    expectAligned(lists.values(), 2);
  });

  test("when the encoder changes its settings, on all of them", () => {
    const ladder = new Ladder();
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(9);
    for (const feed of ladder.feeds.values()) feed.headers("V1", "A1");
    ladder.run(9);
    const lists = ladder.lists();
    expectAligned(lists.values());
    for (const text of lists.values()) expect(text).toContain("#EXT-X-DISCONTINUITY\n");
  });

  test("when one of them was away, the first or another", () => {
    for (const away of ["", "_sd"]) {
      const ladder = new Ladder();
      for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
      ladder.run(12);
      ladder.end(away);
      ladder.run(7);
      ladder.begin(away);
      ladder.run(12);
      expectAligned(ladder.lists().values());
    }
  });

  test("when the whole encoder restarts with other times", () => {
    const ladder = new Ladder({}, 3_600_000);
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    for (const suffix of ["", ...VARIANTS]) ladder.end(suffix);
    ladder.stage.live.clock.advance(3000);
    ladder.time = 0;
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(14);
    expectAligned(ladder.lists().values());
  });

  test("when one has only audio", () => {
    const ladder = new Ladder({ config: { hls_variants: ["_hd", "_audio"] } });
    ladder.begin("");
    ladder.begin("_audio", { video: false });
    ladder.run(9);
    for (const feed of ladder.feeds.values()) feed.audioHeader("A1");
    ladder.feeds.get("")?.videoHeader("V1");
    ladder.run(12);
    expectAligned(ladder.lists().values(), 3);
  });

  test("when one has only video", () => {
    const ladder = new Ladder();
    ladder.begin("_hd");
    ladder.begin("_sd", { audio: false });
    ladder.run(16);
    expectAligned(ladder.lists().values());
  });

  test("and the playlists of each only move forward", () => {
    const ladder = new Ladder();
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    const histories = ["", ...VARIANTS].map((suffix) => ({ suffix, texts: [] as string[] }));
    const events: Readonly<Record<number, () => void>> = {
      15: () => ladder.end("_hd"),
      20: () => ladder.begin("_hd"),
      25: () => {
        for (const feed of ladder.feeds.values()) feed.headers("V1", "A1");
      },
    };
    for (let step = 0; step < 40; step++) {
      events[step]?.();
      ladder.run(1.5);
      for (const { suffix, texts } of histories) {
        const { text } = ladder.stage.get(`/live/show.m3u8?hls_ctx=${"a".repeat(32)}&hls_variant=${suffix}`);
        if (text !== "") texts.push(text);
      }
    }
    for (const { texts } of histories) {
      expect(texts.length).toBeGreaterThan(25);
      checkHistory(texts);
    }
  });

  test("but streams of another encoder are left as they are", () => {
    const ladder = new Ladder({}, 1000);
    ladder.begin("");
    ladder.run(4);
    const other = ladder.stage.live.publish("show_hd", "o").headers();
    for (let at = 0; at < 20; at++) {
      ladder.run(0.5);
      other.time = 100_000_000 + at * 500;
      other[at % 4 === 0 ? "key" : "inter"](`${at % 4 === 0 ? "k" : "i"}o${at}`);
    }
    const lists = [...ladder.lists().values()];
    expect(lists.length).toBe(2);
    for (const text of lists) readMedia(text);
  });
});

describe("multivariant playlists", () => {
  test("name all variants with their measured figures, and the viewer's session", () => {
    const ladder = new Ladder();
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    const text = ladder.first("?exp=1");
    const { variants } = master(text);
    expect(variants.map(({ uri }) => uri.replace(/hls_ctx=\w+/, "hls_ctx=T"))).toEqual([
      "show.m3u8?exp=1&hls_ctx=T&hls_variant=",
      "show.m3u8?exp=1&hls_ctx=T&hls_variant=_hd",
      "show.m3u8?exp=1&hls_ctx=T&hls_variant=_sd",
    ]);
    for (const { bandwidth, averageBandwidth = 0 } of variants) {
      expect(bandwidth).toBeGreaterThan(100);
      expect(averageBandwidth).toBeLessThanOrEqual(bandwidth);
    }
    const [, hd = ""] = urisOf(text);
    const media = ladder.stage.get(`/live/${hd}`).text;
    expect(urisOf(media).every((uri) => uri.startsWith("show_hd/"))).toBe(true);
    expect(ladder.stage.get(`/live/${urisOf(media)[0]}`).text).toContain("_hd@");
  });

  test("a viewer counts once, whichever variants it loads", () => {
    const ladder = new Ladder();
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    for (const uri of urisOf(ladder.first())) ladder.stage.get(`/live/${uri}`);
    expect(ladder.stage.told).toEqual(["hls began play __defaultVhost__/live/show"]);
    expect(ladder.stage.hls.report().now?.hls_viewers).toBe(1);
  });

  test("guards are asked about the stream in the address, not about variants", () => {
    const asked: string[] = [];
    const guard: HlsStageOptions["guard"] = ({ name }) => {
      asked.push(name.stream);
      return undefined;
    };
    const ladder = new Ladder({ guard, config: { hls_keys: true } });
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    // A session of another server.
    const link = `/live/show.m3u8?hls_ctx=${"b".repeat(32)}&hls_variant=_sd`;
    const { text } = ladder.stage.get(link);
    const [, key = ""] = /URI="(.*?)"/.exec(text) ?? [];
    expect(key).toMatch(/^show\/\w{32}-\w{16}\.key\?hls_ctx=b{32}&hls_variant=_sd$/);
    expect(ladder.stage.get(`/live/${key}`).answer?.status).toBe(200);
    ladder.stage.get(`/live/${key.replace("b".repeat(32), "c".repeat(32))}`);
    expect(new Set(asked)).toEqual(new Set(["show"]));
    expect(asked.length).toBe(2);
  });

  test("the streams of a transcoder's ladder are variants without being configured, cut at the same places", () => {
    const ladderOf = ({ stream }: { stream: string }) =>
      stream.startsWith("show") ? { base: "show", endings: VARIANTS } : undefined;
    const ladder = new Ladder({ config: { hls_variants: [] }, context: { ladderOf } });
    ladder.begin("_hd");
    ladder.run(1);
    ladder.begin("_sd");
    ladder.run(14);
    const lists = ladder.lists();
    expect([...lists.keys()]).toEqual(VARIANTS);
    expectAligned(lists.values());
    expect(urisOf(ladder.stage.get("/live/show_hd.m3u8").text).length).toBe(1);
  });

  test("a ladder whose base is not published is played by the base's address", () => {
    const ladder = new Ladder();
    for (const suffix of VARIANTS) ladder.begin(suffix);
    ladder.run(12);
    const lists = ladder.lists();
    expect([...lists.keys()]).toEqual(VARIANTS);
    expectAligned(lists.values());
    // One variant by its own address is a stream like others.
    const alone = ladder.stage.get("/live/show_hd.m3u8").text;
    expect(urisOf(alone).map((uri) => uri.replace(/=\w+/, "=T"))).toEqual(["show_hd.m3u8?hls_ctx=T"]);
  });

  test("a variant that stops is listed no more, and the others continue", () => {
    for (const how of ["lost", "unpublished"] as const) {
      const ladder = new Ladder();
      for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
      ladder.run(12);
      const links = urisOf(ladder.first());
      ladder.end("_hd", how);
      ladder.run(2);
      expect(ladder.stage.get(`/live/${links[1]}`).answer?.status).toBe(200);
      ladder.run(8);
      expect(ladder.stage.get(`/live/${links[1]}`).refusal).toMatchObject({ kind: "gone", rule: "variant" });
      expect([...ladder.lists().keys()]).toEqual(["", "_sd"]);
      for (const at of [0, 2]) expect(ladder.stage.get(`/live/${links[at]}`).text).not.toContain("ENDLIST");
      // Nor does the session end with what is left of it.
      ladder.run(130);
      expect(ladder.stage.get(`/live/${links[0]}`).answer?.status).toBe(200);
      ladder.begin("_hd");
      ladder.run(8);
      expect(ladder.stage.get(`/live/${links[1]}`).answer?.status).toBe(200);
      expect([...ladder.lists().keys()]).toEqual(["", ...VARIANTS]);
    }
  });

  test("when all have stopped, all playlists stay", () => {
    const ladder = new Ladder();
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    for (const suffix of ["", ...VARIANTS]) ladder.end(suffix, "unpublished");
    ladder.stage.live.clock.advance(20_000);
    const lists = ladder.lists();
    expect([...lists.keys()]).toEqual(["", ...VARIANTS]);
    for (const text of lists.values()) expect(text).toContain("#EXT-X-ENDLIST");
  });

  test("the first request waits until all published variants have a segment", () => {
    const ladder = new Ladder();
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    const exchange = ladder.stage.get("/live/show.m3u8");
    ladder.run(12);
    expect(master(exchange.text).variants.length).toBe(3);
  });

  test("without sessions, links name the variant that they belong to", () => {
    const ladder = new Ladder({ config: { hls_ctx: false } });
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    expect(urisOf(ladder.first())).toEqual([
      "show.m3u8?hls_variant=",
      "show.m3u8?hls_variant=_hd",
      "show.m3u8?hls_variant=_sd",
    ]);
    expectAligned(ladder.lists().values());
  });

  test("a variant that no server has is fetched for one minute in six only, however many viewers come", () => {
    const ladder = new Ladder({ mayCome: true });
    const { live } = ladder.stage;
    const log: string[] = [];
    let asking = false;
    live.observe({
      published: () => undefined,
      unpublished: () => undefined,
      wanted: ({ key }) => log.push(`+${key.slice(key.lastIndexOf("/") + 1)}`),
      unwanted: ({ key }) => log.push(`-${key.slice(key.lastIndexOf("/") + 1)}`),
    });
    for (const suffix of VARIANTS) ladder.begin(suffix);
    const watch = (seconds: number) => {
      for (let at = 0; at < seconds; at += 10) {
        ladder.run(10);
        ladder.first(asking ? `?hls_ctx=${"a".repeat(32)}` : "");
        asking = true;
        ladder.first();
      }
    };
    watch(50);
    expect(log).toEqual(["+show", "+show_hd", "+show_sd"]);
    watch(300);
    expect(log.splice(0)).toEqual(["+show", "+show_hd", "+show_sd", "-show"]);
    watch(60);
    expect(log.splice(0)).toEqual(["+show"]);
    watch(100);
    expect(log.splice(0)).toEqual(["-show"]);
    // Once it is here, all want it.
    ladder.begin("");
    watch(20);
    expect(log).toEqual(["+show"]);
    watch(100);
    expect(log).toEqual(["+show"]);
    ladder.stage.hls.stop();
    expect(log.slice(1).sort()).toEqual(["-show", "-show_hd", "-show_sd"]);
  });

  test("each variant is named at other servers, too", () => {
    const others = [{ id: "b-2", server: "http://b:2" }];
    const pathways = () => ({ own: "a-1", others, params: "srs_directed=1", steering: "/steering" });
    const ladder = new Ladder({ context: { pathways } });
    for (const suffix of ["", ...VARIANTS]) ladder.begin(suffix);
    ladder.run(12);
    const uris = urisOf(ladder.first()).map((uri) => uri.replace(/hls_ctx=\w+/, "hls_ctx=T"));
    expect(uris.length).toBe(6);
    expect(uris.slice(2, 4)).toEqual([
      "show.m3u8?hls_ctx=T&hls_variant=_hd",
      "http://b:2/live/show.m3u8?hls_ctx=T&hls_variant=_hd&srs_directed=1",
    ]);
  });
});
