import { describe, expect, test } from "bun:test";
import { goOn, published } from "../../../support/hls-feed.ts";
import { HlsStage } from "../../../support/hls-stage.ts";
import { longestTurn } from "../../../support/longest-turn.ts";

describe("waiting", () => {
  test("the first request waits for the first whole segment", () => {
    const { stage, feed } = published(0);
    const exchange = stage.get("/live/show.m3u8");
    feed.wait(1000).inter("i");
    expect(exchange.answered).toBe(false);
    feed.wait(1000).key("k").wait(10);
    expect(exchange.text).toContain("show.m3u8?hls_ctx=");
  });

  test("the first playlist has the final target duration, even if GOPs are longer than a segment", () => {
    const stage = new HlsStage();
    const feed = stage.live.publish("show").headers().key("k0");
    const exchange = stage.get("/live/show.m3u8?hls_ctx=00000000000000000000000000000001");
    const targets = new Set<string | undefined>();
    for (let ms = 500; ms <= 30_000; ms += 500) {
      feed.wait(500);
      if (ms % 5000 === 0) feed.key(`k${ms}`);
      else feed.inter(`i${ms}`);
      stage.live.clock.settle();
      if (ms < 5000) expect(exchange.answered).toBe(false);
      else targets.add(/TARGETDURATION:\d+/.exec(stage.get(`/live/show.m3u8?hls_ctx=${"1".repeat(32)}`).text)?.[0]);
    }
    expect(exchange.text).toContain("#EXTINF:2.000,");
    expect([...targets]).toEqual(["TARGETDURATION:11"]);
  });

  test("a new viewer of a stream that was away waits for a new segment, and an earlier viewer does not", () => {
    const { stage, feed } = published(12);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    feed.end("lost");
    feed.wait(20_000);
    const again = stage.live.publish("show").headers();
    const exchange = stage.get("/live/show.m3u8");
    expect(stage.get(link).answered).toBe(true);
    expect(exchange.answered).toBe(false);
    goOn(again, 2, "again");
    expect(exchange.text).toContain("show.m3u8?hls_ctx=");
  });

  test("the first request does not wait for ever", () => {
    const { stage, feed } = published(0);
    const exchange = stage.get("/live/show.m3u8");
    feed.wait(6001);
    expect(exchange.refusal?.kind).toBe("unavailable");
    expect(stage.hls.report().now).toBeUndefined();
  });

  test("a viewer that hangs up leaves nothing behind", () => {
    const { stage } = published(0);
    const exchange = stage.get("/live/show.m3u8");
    exchange.hangUp();
    expect(stage.hls.report().now).toBeUndefined();
    stage.live.wait(10_000);
    expect(exchange.answered).toBe(false);
  });

  test("of two requests with one token, one that hangs up has no effect on the other", () => {
    const { stage, feed } = published(0);
    const [gone, other] = [1, 2].map(() => stage.get(`/live/show.m3u8?hls_ctx=${"a".repeat(32)}`));
    gone?.hangUp();
    goOn(feed, 4);
    expect(other?.text).toContain("#EXTINF:");
    expect(stage.clients.totals().players).toBe(1);
    feed.wait(26_000);
    expect(stage.clients.totals().players).toBe(0);
  });

  test("HEAD gets the same head, and begins no session", () => {
    const { stage } = published(6);
    const [head, get] = (["HEAD", "GET"] as const).map((method) => stage.get("/live/show.m3u8", { method }));
    expect(head?.text.length).toBe(get?.text.length as number);
    expect(stage.told).toEqual(["hls began play __defaultVhost__/live/show"]);
    expect(stage.hls.report().now).toMatchObject({ hls_viewers: 1 });
  });

  test("the address of a missing stream is left to other routes, such as files, and the stream is then not searched for", () => {
    const asked: string[] = [];
    const guard = ({ name }: { name: { stream: string } }) => void asked.push(name.stream);
    for (const mayCome of [false, true]) {
      const stage = new HlsStage({ mayCome, guard, hasFiles: true });
      expect(stage.get("/vod/film.m3u8").passed).toBeTrue();
      expect([asked, stage.live.streams.size]).toEqual([[], 0]);
    }
    expect(new HlsStage({ guard }).get("/vod/film.m3u8").refusal?.kind).toBe("missing");
    expect(asked).toEqual(["film"]);
  });

  test("a playlist file in hls_path is not sent for a missing stream, as it may be from an earlier process", () => {
    const stage = new HlsStage({ hasFiles: true, config: { hls_path: "/files" } });
    expect(stage.get("/live/show.m3u8").refusal?.kind).toBe("missing");
  });

  test("a missing stream is answered at once, and leaves nothing behind", () => {
    const stage = new HlsStage();
    expect(stage.get("/live/other.m3u8").refusal?.kind).toBe("missing");
    expect(stage.live.streams.size).toBe(0);
  });
});

describe("fetched streams", () => {
  test("the first request fetches the stream, and a session keeps it wanted until it expires", () => {
    const stage = new HlsStage({ mayCome: true });
    const wanted: string[] = [];
    stage.live.observe({
      published: () => undefined,
      unpublished: () => undefined,
      wanted: (stream, _, demand) => wanted.push(`wanted ${stream.key} ${demand.param}`),
      unwanted: () => wanted.push("unwanted"),
    });
    const exchange = stage.get("/live/show.m3u8?token=x");
    expect(wanted).toEqual(["wanted __defaultVhost__/live/show ?token=x"]);
    const feed = stage.live.publish("show").headers();
    goOn(feed, 4);
    expect(exchange.text).toContain("hls_ctx=");
    stage.get(stage.follow(exchange));
    feed.wait(23_000);
    expect(wanted.length).toBe(1);
    feed.wait(2100);
    expect(wanted).toEqual(["wanted __defaultVhost__/live/show ?token=x", "unwanted"]);
  });

  test("a request for a stream that no server has gets 404 after a while, and leaves nothing behind", () => {
    const stage = new HlsStage({ mayCome: true });
    const exchange = stage.get("/live/show.m3u8");
    stage.live.wait(6001);
    expect(exchange.refusal?.kind).toBe("missing");
    expect([stage.live.streams.size, stage.hls.report().now]).toEqual([0, undefined]);
  });

  test("an origin's refusal is passed on to the viewer", () => {
    const stage = new HlsStage({ mayCome: true });
    // A player may ask twice by its link.
    const exchanges = [1, 2].map(() => stage.get(`/live/show.m3u8?hls_ctx=${"a".repeat(32)}`));
    stage.live.stream("show").notifyRefused(() => true, "wrong key");
    stage.live.wait(1);
    for (const { refusal } of exchanges) expect([refusal?.kind, refusal?.reason]).toEqual(["denied", "wrong key"]);
  });

  test("thousands of viewers whose origin refuses them are answered over several turns", () => {
    const stage = new HlsStage({ mayCome: true });
    const { clock } = stage.live;
    const exchanges = Array.from({ length: 20 }, () => stage.get("/live/show.m3u8"));
    const refusals: string[] = [];
    for (const exchange of exchanges) {
      exchange.refuse = ({ reason }) => {
        clock.spend(1);
        refusals.push(reason);
      };
    }
    const longest = longestTurn(clock);
    stage.live.stream("show").notifyRefused(() => true, "wrong key");
    clock.settle();
    expect([refusals.length, longest(), stage.hls.report().now]).toEqual([20, 4, undefined]);
  });
});
