import { describe, expect, test } from "bun:test";
import { MAX_NEWCOMERS } from "../../../../src/features/hls/newcomers.ts";
import { goOn, published } from "../../../support/hls-feed.ts";
import { formatsOf, HlsStage, urisOf } from "../../../support/hls-stage.ts";
import { openAccount } from "../../../support/open-door.ts";

const decoder = new TextDecoder();

describe("playlists", () => {
  test("a viewer gets a multivariant playlist with a link of its own, which leads to the media playlist of all viewers", () => {
    const { stage } = published(12);
    const [one, other] = [stage.get("/live/show.m3u8"), stage.get("/live/show.m3u8")];
    expect(one.text).toContain("#EXT-X-STREAM-INF:BANDWIDTH=");
    expect(stage.follow(one)).not.toBe(stage.follow(other));
    const [media, same] = [stage.get(stage.follow(one)), stage.get(stage.follow(other))];
    expect(media.text).toContain("#EXTINF:2.000,");
    expect(media.answer?.body).toBe(same.answer?.body as Uint8Array);
    expect(media.answer?.encodings?.gzip).toBe(same.answer?.encodings?.gzip as Uint8Array);
    expect(media.answer?.etag).toBe(same.answer?.etag as string);
    expect(media.answer?.headers).toEqual({ "cache-control": "max-age=2" });
    expect(one.answer?.headers).toEqual({ "cache-control": "no-store" });
  });

  test("segments are found at the playlist's addresses, need no query, and never change", () => {
    const { stage } = published(6);
    const media = stage.get(stage.follow(stage.get("/live/show.m3u8")));
    const [first = ""] = urisOf(media.text);
    const segment = stage.get(`/live/${first}`);
    expect(segment.answer?.type).toBe("video/mp2t");
    expect(segment.answer?.headers).toEqual({ "cache-control": "public, max-age=3600, immutable" });
    expect(decoder.decode(segment.answer?.body as Uint8Array)).toMatch(/^\[A0 V0\] k0@0 /);
    expect(first).toMatch(/^show\/[0-9a-f]{32}-2-\d+\.ts$/);
  });

  test("the link has the parameters of the first request, so that another server can ask for them again", () => {
    const { stage } = published(6);
    expect(stage.follow(stage.get("/live/show.m3u8?exp=1&sign=ab"))).toMatch(
      /^\/live\/show\.m3u8\?exp=1&sign=ab&hls_ctx=[0-9a-f]{32}$/,
    );
  });

  test("segments are found however the stream's address is spelled", () => {
    const stage = new HlsStage();
    goOn(stage.live.publish("show").headers(), 6);
    for (const path of ["/live/show.m3u8", "/live/_definst_/show.m3u8"]) {
      const media = stage.get(stage.follow(stage.get(path)));
      const [first = ""] = urisOf(media.text);
      expect(stage.get(path.replace(/[^/]*$/, first)).answer?.status).toBe(200);
    }
  });

  test("the first segment is listed, even if audio comes before the first picture", () => {
    for (const apart of [false, true]) {
      const stage = new HlsStage();
      const feed = stage.live.publish("show").headers().audio("a0");
      if (apart) feed.wait(400);
      feed.time = 23;
      goOn(feed, 6);
      const token = "a".repeat(32);
      const [first = ""] = urisOf(stage.get(`/live/show.m3u8?hls_ctx=${token}`).text);
      expect(stage.get(`/live/${first}`).text).toMatch(/\] k23@23 /);
    }
  });

  test("names with special characters are encoded in playlists, and found", () => {
    const stage = new HlsStage();
    const feed = stage.live.publish("a b:c&d").headers();
    goOn(feed, 6);
    const media = stage.get(stage.follow(stage.get("/live/a%20b%3Ac%26d.m3u8")));
    const [first = ""] = urisOf(media.text);
    expect(first).toStartWith("a%20b%3Ac%26d/");
    expect(stage.get(`/live/${first}`).answer?.status).toBe(200);
  });

  test("segments have the prefix of a CDN where there is one", () => {
    const { stage } = published(6, { config: { hls_entry_prefix: "https://cdn.example.com/x/" } });
    const media = stage.get(stage.follow(stage.get("/live/show.m3u8")));
    expect(urisOf(media.text)[0]).toStartWith("https://cdn.example.com/x/live/show/");
  });

  test("without sessions the first playlist is the media playlist, and nobody is counted", () => {
    const { stage } = published(6, { config: { hls_ctx: false } });
    expect(stage.get("/live/show.m3u8").text).toContain("#EXTINF:");
    expect(stage.told).toEqual([]);
  });

  test("addresses that are no playlist are left to other routes, and so are vhosts without HLS, which say so if no route has anything", () => {
    const { stage } = published(2, { config: { enabled: false } });
    expect(stage.get("/live/show.flv")).toMatchObject({ passed: true, otherwise: undefined });
    const { passed, otherwise } = stage.get("/live/show.m3u8");
    expect([passed, otherwise?.refused.kind, otherwise?.refused.reason]).toEqual([
      true,
      "media",
      "HLS is switched off here",
    ]);
  });
});

describe("sessions", () => {
  test("a viewer begins to play with the first playlist, and ends when its requests cease", () => {
    const { stage, feed } = published(12);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    expect(stage.told).toEqual(["hls began play __defaultVhost__/live/show"]);
    expect(stage.clients.totals().players).toBe(1);
    for (let polls = 0; polls < 20; polls++) {
      feed.wait(2000);
      expect(stage.get(link).answer?.status).toBe(200);
    }
    expect(stage.told.length).toBe(1);
    feed.wait(26_000);
    expect(stage.told).toEqual(["hls began play __defaultVhost__/live/show", "ended unpublished true"]);
    expect(stage.clients.totals().players).toBe(0);
  });

  test("a viewer tells its program and the page that it watches in", () => {
    const { stage } = published(12);
    const headers = { "user-agent": "player/1", referer: "https://tv.example.com/live" };
    stage.follow(stage.get("/live/show.m3u8", { headers }));
    const viewer = [...stage.clients.all()].find(({ protocol }) => protocol === "hls");
    expect(viewer?.introduction).toMatchObject({ software: "player/1", pageUrl: "https://tv.example.com/live" });
  });

  test("a viewer that never follows the link counts no more after ten seconds, and may follow it later", () => {
    const { stage, feed } = published(12);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    feed.wait(9000);
    expect(stage.clients.totals().players).toBe(1);
    feed.wait(2000);
    expect(stage.clients.totals().players).toBe(0);
    expect(stage.get(link).answer?.status).toBe(200);
    feed.wait(12_000);
    expect(stage.clients.totals().players).toBe(1);
  });

  test("one address's requests for first playlists use few sessions, and the links that they got stay valid", () => {
    const { stage, feed } = published(6);
    const links = Array.from({ length: 500 }, () =>
      stage.follow(stage.get("/live/show.m3u8", { host: "2001:db8::1" })),
    );
    expect(stage.clients.totals().players).toBe(MAX_NEWCOMERS);
    // Another address of the same customer is not another one.
    stage.get("/live/show.m3u8", { host: "2001:db8::2" });
    expect(stage.clients.totals().players).toBe(MAX_NEWCOMERS);
    stage.get("/live/show.m3u8", { host: "2001:db8:1::1" });
    expect(stage.clients.totals().players).toBe(MAX_NEWCOMERS + 1);
    for (const link of links) expect(stage.get(link, { host: "2001:db8::1" }).answer?.status).toBe(200);
    feed.wait(11_000);
    expect(stage.clients.totals().players).toBe(links.length);
  });

  test("guards decide which viewers may watch", () => {
    const guard = ({ param }: { param: string }) =>
      param === "?key=1" ? undefined : ({ kind: "denied", reason: "no key" } as const);
    const { stage } = published(6, { guard });
    expect(stage.get("/live/show.m3u8").refusal?.reason).toBe("no key");
    const first = stage.get("/live/show.m3u8?key=1");
    expect(stage.get(stage.follow(first)).answer?.status).toBe(200);
  });

  test("a token of another server is checked by the guards again, and stays the viewer's", () => {
    const { stage } = published(6);
    const token = "f".repeat(32);
    expect(stage.get(`/live/show.m3u8?hls_ctx=${token}`).text).toContain("#EXTINF:");
    expect(stage.told.length).toBe(1);
    stage.get(`/live/show.m3u8?hls_ctx=${token}`);
    expect(stage.told.length).toBe(1);
  });

  test("a kicked viewer is refused with the same token for a while", () => {
    const { stage } = published(6);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    for (const client of stage.clients.all()) if (client.protocol === "hls") client.kick("enough");
    stage.live.wait(1);
    expect(stage.get(link).refusal?.kind).toBe("denied");
    expect(stage.clients.totals().players).toBe(0);
  });

  test("there are no more viewers than max_connections", () => {
    const { stage } = published(6, { connections: openAccount(2) });
    const answers = [1, 2, 3].map(() => stage.get("/live/show.m3u8"));
    expect(answers.map(({ refusal }) => refusal?.kind)).toEqual([undefined, undefined, "limit"]);
  });

  test("viewers get sessions even if their connections use up max_connections", () => {
    const connections = openAccount(2);
    const { stage } = published(6, { connections });
    for (const host of ["192.0.2.1", "192.0.2.2"]) expect(connections.acquire(host).ok).toBe(true);
    const answers = [1, 2, 3].map(() => stage.get("/live/show.m3u8"));
    expect(answers.map(({ refusal }) => refusal?.kind)).toEqual([undefined, undefined, "limit"]);
  });
});

describe("outages and ends", () => {
  test("the playlist stays while a lost publisher may come back, and continues with greater numbers", () => {
    const { stage, feed } = published(12);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    feed.end("lost");
    feed.wait(20_000);
    const before = stage.get(link).text;
    expect(before).not.toContain("ENDLIST");
    const again = stage.live.publish("show").headers();
    goOn(again, 12, "again");
    const after = stage.get(link).text;
    expect(sequenceOf(after)).toBeGreaterThan(sequenceOf(before));
    expect(after).toContain("#EXT-X-DISCONTINUITY\n");
  });

  test("the last segment before an outage is as on other servers, whatever the next publisher begins with", () => {
    const { stage, feed } = published(6);
    const token = "a".repeat(32);
    feed.wait(400).inter("i-last").end("unpublished");
    feed.wait(1000);
    const again = stage.live.publish("show").headers("V1", "A1");
    again.audio("early").wait(400).audio("early2").wait(400);
    goOn(again, 4, "again");
    const uris = urisOf(stage.get(`/live/show.m3u8?hls_ctx=${token}`).text);
    expect(uris.length).toBeGreaterThan(4);
    for (const uri of uris) expect(uri).toMatch(/^show\/[0-9a-f]{32}-2-\d+\.ts$/);
  });

  test("a publisher that unpublishes ends the playlist; after hls_dispose the playlist is gone and its memory free", () => {
    const { stage, feed } = published(12);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    const segment = urisOf(stage.get(link).text)[0] ?? "";
    feed.end("unpublished");
    expect(stage.get(link).text).toContain("#EXT-X-ENDLIST");
    for (let seconds = 0; seconds < 119; seconds++) {
      feed.wait(1000);
      stage.get(link);
    }
    expect(stage.get(link).answer?.status).toBe(200);
    feed.wait(1100);
    expect(stage.get(link).refusal?.kind).toBe("gone");
    expect(stage.get(`/live/${segment}`).refusal?.kind).toBe("missing");
    expect(stage.hls.report().now).toBeUndefined();
    expect(stage.live.streams.size).toBe(0);
  });

  test("a publisher that comes back in time removes the playlist's end", () => {
    const { stage, feed } = published(12);
    const link = stage.follow(stage.get("/live/show.m3u8"));
    feed.end("unpublished");
    const numbers = stage.get(link).text;
    feed.wait(5000);
    const again = stage.live.publish("show").headers();
    goOn(again, 4, "again");
    expect(stage.get(link).text).not.toContain("ENDLIST");
    expect(sequenceOf(stage.get(link).text)).toBeGreaterThanOrEqual(sequenceOf(numbers));
  });

  test("codecs that can't be carried are refused with the reason", () => {
    const stage = new HlsStage({ context: { formats: formatsOf(() => "MPEG-TS does not carry AV1") } });
    const feed = stage.live.publish("show").headers();
    goOn(feed, 4);
    const { refusal } = stage.get("/live/show.m3u8");
    expect([refusal?.kind, refusal?.reason]).toEqual(["media", "MPEG-TS does not carry AV1"]);
    // The log has it once, however often the encoder changes its settings.
    for (let at = 1; at < 5; at++) goOn(feed.headers(`V${at}`, `A${at}`), 2);
    expect(stage.log.take(/can't be cut/)).toHaveLength(1);
  });

  test("a reload that switches HLS off ends its viewers, and one that switches it on cuts streams published before", () => {
    const { stage, feed } = published(6);
    stage.get("/live/show.m3u8");
    stage.config = { ...stage.config, enabled: false };
    stage.hls.reconfigure();
    expect(stage.told.at(-1)).toStartWith("ended");
    expect(stage.get("/live/show.m3u8").passed).toBe(true);
    stage.config = { ...stage.config, enabled: true };
    stage.hls.reconfigure();
    goOn(feed.wait(2000), 6);
    expect(stage.get("/live/show.m3u8").answer?.status).toBe(200);
  });
});

function sequenceOf(text: string): number {
  return Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
}
