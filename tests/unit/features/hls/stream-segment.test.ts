import { describe, expect, test } from "bun:test";
import { HlsStage, urisOf } from "../../../support/hls-stage.ts";
import type { Feed } from "../../../support/live.ts";

/** GOPs of 2 s, and the next key frame; the disk has had its turn after each. */
async function goOn(feed: Feed, seconds: number): Promise<void> {
  for (let done = 0; done < seconds; done += 2) {
    feed.key(`k${feed.time}`);
    for (let frame = 0; frame < 4; frame++) feed.wait(400).inter(`i${feed.time}`);
    feed.wait(400);
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  }
  feed.key(`k${feed.time}`);
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
}

const numbersOf = ({ ready }: HlsStage) => ready.map(({ number }) => number);

describe("Observers of segments", () => {
  test("are notified of each listed segment, with its address", async () => {
    const stage = new HlsStage();
    await goOn(stage.live.publish("show").headers(), 6);
    const uris = urisOf(stage.get(`/live/show.m3u8?hls_ctx=${"a".repeat(32)}`).text);
    expect(stage.ready.map(({ url }) => url)).toEqual(uris.map((uri) => `live/${uri}`));
    expect(stage.ready[0]).toMatchObject({
      stream: { vhost: "__defaultVhost__", app: "live", stream: "show" },
      durationMs: 2000,
      files: undefined,
      playlistUrl: "live/show.m3u8",
    });
  });

  test("are notified of files when they are written, and not of those that can't be", async () => {
    const stage = new HlsStage({ config: { hls_path: "/srv/hls/", hls_entry_prefix: "https://cdn.example.com/" } });
    const feed = stage.live.publish("show").headers();
    await goOn(feed, 4);
    stage.files.failing = "disk full";
    await goOn(feed, 4);
    const files = [...stage.files.files.keys()].filter((path) => path.endsWith(".ts"));
    expect(stage.ready.map((segment) => segment.files?.segment)).toEqual(files);
    const [first] = stage.ready;
    expect(first?.files?.playlist).toBe("/srv/hls/live/show.m3u8");
    expect(first?.url).toBe(`https://cdn.example.com/live/show-${first?.number}.ts`);
    expect(first?.playlistUrl).toBe("live/show.m3u8");
  });

  test.each(["", "/srv/hls"])(
    "are notified of each segment once over an upgrade, with hls_path %p",
    async (hlsPath) => {
      const [old, next] = [
        new HlsStage({ config: { hls_path: hlsPath } }),
        new HlsStage({ config: { hls_path: hlsPath } }),
      ];
      const feed = old.live.publish("show").headers();
      await goOn(feed, 6);
      const giving = old.hls.carry.give(() => undefined);
      const carry = async () => {
        for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
        for (let turns = 0; turns < 50; turns++) next.live.clock.settle();
        for (let turns = 0; turns < 200; turns++) await Promise.resolve();
      };
      await carry();
      await goOn(feed, 6);
      await carry();
      const [before, after] = [numbersOf(old), numbersOf(next)];
      const all = [...before, ...after];
      expect(Math.min(before.length, after.length)).toBeGreaterThan(1);
      expect(all).toEqual(all.map((_, at) => (all[0] ?? 0) + at));
    },
  );
});

test("Guards are asked about a viewer by the id that its session has", async () => {
  const ids: string[] = [];
  const stage = new HlsStage({ guard: ({ clientId }) => void ids.push(clientId) });
  await goOn(stage.live.publish("show").headers(), 6);
  const first = stage.get("/live/show.m3u8");
  stage.get(stage.follow(first));
  stage.get("/live/show.m3u8");
  expect(ids).toEqual(["v1", "v2"]);
  expect([...stage.clients.all()].filter(({ protocol }) => protocol === "hls").map(({ id }) => id)).toEqual(ids);
});
