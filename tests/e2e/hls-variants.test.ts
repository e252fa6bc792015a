import { expect } from "bun:test";
import { parse } from "hls-parser";
import type { MasterPlaylist } from "hls-parser/types";
import { clip } from "../support/e2e/clips.ts";
import { publishClip, publishClips, saidBy } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { openBrowser, openPage, videoOf } from "../support/e2e/page/browser.ts";
import { hlsJsFolder, setHls, toldBy } from "../support/e2e/page/hls-js.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { checkHistory, readMedia } from "../support/playlists.ts";

const test = testWith("tests/e2e/hls-variants.test.ts", "FFmpeg");
const testWithChromium = testWith("tests/e2e/hls-variants.test.ts", "FFmpeg", "Chromium");

const LOOP = { input: ["-stream_loop", "-1"] };

const SIZES = { "": "320x180", _hd: "384x216", _sd: "192x108" } as const;

/** The whole ladder's playlist when all steps have ended. */
async function endedLadder(edge: HlsEdge, count: number): Promise<string> {
  let text = "";
  await until("all variants have ended", async () => {
    text = (await edge.get()).text;
    const lists = await Promise.all(urisOf(text).map((uri) => edge.get(uri)));
    return lists.length === count && lists.every((list) => list.text.includes("#EXT-X-ENDLIST"));
  });
  return text;
}

test.concurrent("the variants of a ladder are cut at the same places, FFmpeg reads them without a warning, and edges give equal bytes", async () => {
  await using stage = new Stage();
  const variants = 'hls_variants = ["_hd", "_sd", "_audio"]\nhls_format = "fmp4"\nhls_dispose = 0';
  const pushed = await HlsEdge.start(stage, "pushed", { more: variants });
  const forward = `forward = "127.0.0.1:${pushed.rtmpPort}"`;
  const origin = await HlsEdge.start(stage, "origin", { vhost: forward, more: variants });
  const seconds = 5;
  const steps = new Map(Object.entries(SIZES).map(([suffix, size]) => [origin.rtmp + suffix, clip({ seconds, size })]));
  steps.set(`${origin.rtmp}_audio`, clip({ seconds, video: false }));
  expect(await publishClips(stage, steps).ended()).toBe(0);
  const [text, other] = [await endedLadder(origin, 4), await endedLadder(pushed, 4)];
  const shared = (playlist: string) => playlist.replaceAll(/hls_ctx=\w+|BANDWIDTH=\d+/g, "");
  expect(shared(other)).toBe(shared(text));
  const master = parse(text) as MasterPlaylist;
  expect(master.variants.map(({ resolution, frameRate, codecs }) => [resolution, frameRate, codecs])).toEqual([
    ...Object.values(SIZES).map((size) => {
      const [width, height] = size.split("x").map(Number);
      return [{ width, height }, 25, expect.stringMatching(/^avc1\.\w{6},mp4a\.40\.2$/)];
    }),
    [undefined, undefined, "mp4a.40.2"],
  ]);
  const cuts: string[] = [];
  const heard: string[] = [];
  for (const [at, uri] of urisOf(text).entries()) {
    const [here, there] = [await origin.get(uri), await pushed.get(urisOf(other)[at])];
    // A forward that is connected late has begun behind the first ones.
    expect(entriesOf(here.text)).toEndWith(entriesOf(there.text));
    expect(urisOf(there.text).length).toBeGreaterThanOrEqual(2);
    for (const each of urisOf(there.text))
      expect((await pushed.get(each)).bytes).toEqual((await origin.get(each)).bytes);
    const { segments } = readMedia(here.text);
    const isAudio = uri.includes("_audio");
    cuts.push(
      JSON.stringify(
        segments.map(({ mediaSequenceNumber, programDateTime, duration }) => [
          mediaSequenceNumber,
          programDateTime,
          isAudio ? Math.round(duration) : duration,
        ]),
      ),
    );
    const url = new URL(uri, origin.url).href;
    expect((await saidBy("ffmpeg", "-live_start_index", "0", "-i", url, "-f", "null", "-")).err).toBe("");
    const sound = ["-select_streams", "a", "-show_entries", "packet=pts_time,data_hash", "-show_data_hash", "md5"];
    heard.push((await saidBy("ffprobe", ...sound, "-of", "csv", "-live_start_index", "0", "-i", url)).out);
  }
  // The same picture and sound have the same time in all of them.
  expect(new Set(cuts.slice(0, 3)).size).toBe(1);
  expect(heard[0]?.split("\n").length).toBeGreaterThan(150);
  expect(new Set(heard.slice(0, 3)).size).toBe(1);
});

/** A media playlist behind its first init segment. */
function entriesOf(text: string): string {
  return text.slice(text.indexOf("#EXT-X-PROGRAM-DATE-TIME"));
}

test.concurrent("a transcoder's ladder is played by its base name, which is no stream, at its server and at edges", async () => {
  await using stage = new Stage();
  const edge = await HlsEdge.start(stage, "edge", { more: "hls_dispose = 0" });
  const engines = Object.entries({ hd: "192", sd: "96" }).map(
    ([name, width]) => `[vhost."raw.example.com".transcode.${name}]
vcodec = "libx264"
vpreset = "ultrafast"
vparams = ["tune zerolatency", "g 25"]
width = ${width}
height = ${Number(width) / 2}
output = "__defaultVhost__/[app]/[stream]_[engine]"`,
  );
  const origin = await HlsEdge.start(stage, "origin", {
    vhost: `forward = "127.0.0.1:${edge.rtmpPort}"`,
    more: ["hls_dispose = 0", ...engines].join("\n"),
  });
  const raw = `rtmp://127.0.0.1:${origin.rtmpPort}/live?vhost=raw.example.com/show`;
  const fetching = await HlsEdge.start(stage, "fetching", {
    more: `hls_dispose = 0\n[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${origin.rtmpPort}"`,
  });
  const encoder = publishClip(stage, clip({ seconds: 5 }), raw, { name: "encoder" });
  // It fetches while it is asked.
  const [fetched, code] = await Promise.all([endedLadder(fetching, 2), encoder.ended()]);
  expect(code).toBe(0);
  const texts = [await endedLadder(origin, 2), await endedLadder(edge, 2), fetched];
  for (const text of texts)
    expect((parse(text) as MasterPlaylist).variants.map(({ resolution }) => resolution?.width)).toEqual([192, 96]);
  const [hd = [], sd = []] = await Promise.all(
    urisOf(texts[0] ?? "").map(async (uri) => readMedia((await origin.get(uri)).text).segments),
  );
  const cutsOf = (list: typeof hd) => list.map(({ mediaSequenceNumber, duration }) => [mediaSequenceNumber, duration]);
  expect(hd.length).toBeGreaterThan(2);
  expect(cutsOf(sd)).toEqual(cutsOf(hd));
  for (const [at, here] of urisOf(texts[0] ?? "").entries()) {
    const entries = entriesOf((await origin.get(here)).text);
    expect(entries).toEndWith(entriesOf((await edge.get(urisOf(texts[1] ?? "")[at])).text));
    expect(entries).toEndWith(entriesOf((await fetching.get(urisOf(fetched)[at])).text));
  }
});

test.concurrent("edges get a transcoder's ladder, also after its server's restart and their own", async () => {
  await using stage = new Stage();
  let pushed = await HlsEdge.start(stage, "pushed");
  const engines = Object.entries({ hd: "192", sd: "96" }).map(
    ([name, width]) => `[vhost.__defaultVhost__.transcode.${name}]
vcodec = "libx264"
vpreset = "ultrafast"
vparams = ["tune zerolatency", "g 25"]
width = ${width}
height = ${Number(width) / 2}
output = "[vhost]/[app]/[stream]_[engine]"`,
  );
  const vhost = `forward = "127.0.0.1:${pushed.rtmpPort}"`;
  const startOrigin = (name: string, port = 0) =>
    HlsEdge.start(stage, name, { vhost, port, more: ["hls_dispose = 0", ...engines].join("\n") });
  let origin = await startOrigin("origin");
  const { rtmpPort } = origin;
  const startFetching = (name: string) =>
    HlsEdge.start(stage, name, { more: `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${rtmpPort}"` });
  let fetching = await startFetching("fetching");
  const encode = (name: string) => publishClip(stage, clip({ seconds: 8 }), origin.rtmp, { name, ...LOOP });
  /** The newest segment of each step that a server's first playlist names, by the step's width. */
  const stepsAt = async (edge: HlsEdge): Promise<Map<unknown, string>> => {
    const { text } = await edge.get();
    const lists = await Promise.all(urisOf(text).map((uri) => edge.get(uri)));
    const newest = lists.map((list) => urisOf(list.text).at(-1));
    const widths = text.includes("#EXTM3U")
      ? (parse(text) as MasterPlaylist).variants.map(({ resolution }) => resolution?.width)
      : [];
    return new Map(widths.flatMap((width, at) => (newest[at] === undefined ? [] : [[width, newest[at]]])));
  };
  /** All steps of a server, none with a segment of an epoch that is `old`. */
  const allOf = async (edge: HlsEdge, old: readonly string[] = []) => {
    let ids: string[] = [];
    await until(`all steps at ${edge.url}`, async () => {
      const steps = await stepsAt(edge);
      ids = [...steps.values()].map((uri) => /^[^/]+\/(\w+)-/.exec(uri)?.[1] ?? "");
      return [...steps.keys()].join() === "320,192,96" && ids.every((id) => !old.includes(id));
    });
    return ids;
  };
  const encoder = encode("encoder");
  const ids = await allOf(pushed);
  expect(await allOf(fetching)).toEqual(ids);
  const link = urisOf((await fetching.get()).text)[1] ?? "";
  expect(link).toContain("hls_variant=_hd");

  await origin.program.kill();
  await encoder.ended();
  origin = await startOrigin("origin again", rtmpPort);
  encode("encoder again");
  expect(await allOf(fetching, ids)).toEqual(await allOf(pushed, ids));

  await Promise.all([pushed.program.kill(), fetching.program.kill()]);
  pushed = await HlsEdge.start(stage, "pushed again", { port: pushed.rtmpPort });
  fetching = await startFetching("fetching again");
  // The link of a viewer who watched a step at the edge before.
  const step = await fetching.get(link);
  expect(urisOf(step.text)[0]).toStartWith("show_hd/");
  expect(await allOf(fetching, ids)).toEqual(await allOf(pushed, ids));
});

test.concurrent("a variant whose encoder is killed is listed no more, the others continue, and it comes back", async () => {
  await using stage = new Stage();
  const edge = await HlsEdge.start(stage, "edge", { more: 'hls_variants = ["_hd", "_sd"]' });
  const encode = (suffix: "_hd" | "_sd", name: string) =>
    publishClip(stage, clip({ seconds: 8, size: SIZES[suffix] }), edge.rtmp + suffix, {
      name,
      input: ["-stream_loop", "-1"],
    });
  encode("_sd", "sd");
  const killed = encode("_hd", "hd");
  const steps = async () => urisOf((await edge.get()).text).map((uri) => /hls_variant=(\w+)/.exec(uri)?.[1]);
  let links: string[] = [];
  await until("both are listed", async () => {
    links = urisOf((await edge.get()).text);
    return links.length === 2;
  });
  const [hd = "", sd = ""] = links;
  const lists = [(await edge.get(sd)).text];
  await killed.kill();
  await until("it is gone", async () => {
    lists.push((await edge.get(sd)).text);
    return (await edge.get(hd)).status === 410;
  });
  expect(await steps()).toEqual(["_sd"]);
  encode("_hd", "hd again");
  await until("it is back", async () => (await steps()).length === 2);
  expect((await edge.get(hd)).status).toBe(200);
  lists.push((await edge.get(sd)).text);
  checkHistory(lists);
  expect(lists.at(-1)).not.toContain("DISCONTINUITY\n");
  expect(urisOf(lists.at(-1) ?? "").at(-1)).not.toBe(urisOf(lists[0] ?? "").at(-1));
});

testWithChromium.concurrent("hls.js switches up and down a ladder, and leaves a step that stops", async () => {
  await using stage = new Stage();
  const files = hlsJsFolder(
    stage,
    "{ enableWorker: false, startLevel: 0, capLevelToPlayerSize: false, backBufferLength: 10 }",
    "hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => told.switched.push(level));",
  );
  const edge = await HlsEdge.start(stage, "edge", {
    more: 'hls_variants = ["_hd", "_sd"]',
    env: { SRS_HTTP_SERVER_DIR: files },
  });
  const encoders = Object.entries(SIZES).map(([suffix, size]) =>
    publishClip(stage, clip({ seconds: 8, size }), edge.rtmp + suffix, {
      name: `encoder${suffix}`,
      input: ["-stream_loop", "-1"],
    }),
  );
  await until("all are published", () => edge.program.count(/publish started/) === 3);
  const browser = await openBrowser();
  stage.defer(() => browser.close());
  const errors: string[] = [];
  const page = await openPage(browser, new URL("/index.html", edge.url).href, errors);
  // It sorts them by their sizes.
  await until("the first step", async () => (await videoOf(page)).width === 192);
  for (const [level, width] of [
    [2, 384],
    [0, 192],
    [1, 320],
    [2, 384],
  ] as const) {
    // What is buffered is kept.
    await setHls(page, "nextLevel", level);
    await until(`a picture ${width} wide`, async () => (await videoOf(page)).width === width);
  }
  await encoders[1]?.kill();
  await until("another step's picture", async () => (await videoOf(page)).width !== 384, 30_000);
  const { frames } = await videoOf(page);
  await until("it moves on", async () => (await videoOf(page)).frames > frames + 50);
  const told = await toldBy<number>(page);
  expect(told.errors.filter((each) => each.startsWith("fatal"))).toEqual([]);
  expect(errors).toEqual([]);
});
