import { describe, expect, test } from "bun:test";
import { HlsStage, type HlsStageOptions } from "../../../support/hls-stage.ts";
import type { Feed } from "../../../support/live.ts";
import { readMedia } from "../../../support/playlists.ts";

const decoder = new TextDecoder();

function published(options: HlsStageOptions["config"] = {}): { stage: HlsStage; feed: Feed } {
  const stage = new HlsStage({ config: { hls_path: "/srv/hls", ...options } });
  return { stage, feed: stage.live.publish("show").headers() };
}

/** GOPs of 2 s, and the next key frame; the disk has had its turn after each. */
async function goOn(feed: Feed, seconds: number): Promise<void> {
  for (let done = 0; done < seconds; done += 2) {
    feed.key(`k${feed.time}`);
    for (let frame = 0; frame < 4; frame++) feed.wait(400).inter(`i${feed.time}`);
    feed.wait(400);
    await settled();
  }
  feed.key(`k${feed.time}`);
  await settled();
}

/** The disk of tests answers at once, but by promises. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
}

describe("files", () => {
  test("each playlist is written behind the segments that it names", async () => {
    const { stage, feed } = published();
    await goOn(feed, 12);
    const written = new Set<string>();
    for (const line of stage.files.told) written.add(line.replace("write ", ""));
    const { segments } = readMedia(decoder.decode(stage.files.files.get("/srv/hls/live/show.m3u8")));
    expect(segments.map(({ uri }) => uri)).toEqual(
      [...stage.files.files.keys()]
        .filter((path) => path.endsWith(".ts"))
        .map((path) => path.slice("/srv/hls/live/".length)),
    );
    expect(stage.files.told.at(-1)).toBe("write /srv/hls/live/show.m3u8");
    expect(stage.files.told.at(-2)).toMatch(/^write \/srv\/hls\/live\/show-\d+\.ts$/);
  });

  test("names have the placeholders' values, and playlists lead to them", async () => {
    const { stage, feed } = published({
      hls_m3u8_file: "[vhost]/[app]/[stream]/index.m3u8",
      hls_ts_file: "[vhost]/[app]/[stream]/[2006]-[01]-[02]/[15][04][05].[999]-[seq]-[duration]-[timestamp].ts",
    });
    await goOn(feed, 4);
    const root = "/srv/hls/__defaultVhost__/live/show";
    const { segments } = readMedia(decoder.decode(stage.files.files.get(`${root}/index.m3u8`)));
    const [first] = segments;
    const number = first?.mediaSequenceNumber;
    expect(first?.uri).toBe(`2026-01-01/000000.000-${number}-2000-${Date.UTC(2026, 0, 1)}.ts`);
    expect(stage.files.files.has(`${root}/${first?.uri}`)).toBe(true);
  });

  test("with a prefix, playlists name the CDN's copies", async () => {
    const { stage, feed } = published({ hls_entry_prefix: "http://cdn/x" });
    await goOn(feed, 4);
    const { segments } = readMedia(decoder.decode(stage.files.files.get("/srv/hls/live/show.m3u8")));
    expect(segments[0]?.uri).toMatch(/^http:\/\/cdn\/x\/live\/show-\d+\.ts$/);
  });

  test("files that may no longer be requested are deleted, unless the configuration keeps them", async () => {
    for (const hls_cleanup of [true, false]) {
      const { stage, feed } = published({ hls_cleanup });
      await goOn(feed, 60);
      feed.wait(400);
      await settled();
      const count = [...stage.files.files.keys()].filter((path) => path.endsWith(".ts")).length;
      if (hls_cleanup) expect(count).toBeLessThan(15);
      else expect(count).toBe(30);
    }
  });

  test("files that an earlier process has left of the stream are deleted, and no others", async () => {
    const { stage, feed } = published();
    const others = ["show-12-13.ts", "shows-12.ts", "show-x.ts", "other-12.ts"];
    for (const name of ["show-12.ts", "show-13.ts.tmp", ...others])
      stage.files.files.set(`/srv/hls/live/${name}`, new Uint8Array(1));
    await goOn(feed, 4);
    expect(stage.files.files.has("/srv/hls/live/show-12.ts")).toBe(false);
    expect(stage.files.files.has("/srv/hls/live/show-13.ts.tmp")).toBe(false);
    for (const name of others) expect(stage.files.files.has(`/srv/hls/live/${name}`)).toBe(true);
  });

  test("after hls_dispose there is nothing left", async () => {
    const { stage, feed } = published();
    await goOn(feed, 12);
    feed.end("lost");
    feed.wait(121_000);
    await settled();
    expect([...stage.files.files.keys()]).toEqual([]);
  });

  test("a disk that fails is logged once, and HLS continues", async () => {
    const { stage, feed } = published();
    stage.files.failing = "no space left on the disk";
    await goOn(feed, 12);
    expect(stage.log.lines.filter((line) => line.includes("HLS file is not written"))).toHaveLength(1);
    expect(stage.log.lines.join()).toContain("no space left on the disk");
    expect(stage.get(stage.follow(stage.get("/live/show.m3u8"))).answer?.status).toBe(200);
    stage.files.failing = undefined;
    await goOn(feed.wait(2000), 4);
    expect(stage.files.files.size).toBeGreaterThan(2);
    expect(stage.hls.report().since?.hls_errors).toBeGreaterThan(5);
  });

  test("a disk that does not answer delays nothing, and the files that wait for it are bounded", async () => {
    const { stage, feed } = published();
    stage.files.write = () => new Promise(() => undefined);
    await goOn(feed, 200);
    expect(stage.get(stage.follow(stage.get("/live/show.m3u8"))).answer?.status).toBe(200);
    expect(stage.hls.idle).toBe(false);
  });
});
