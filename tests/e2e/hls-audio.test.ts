import { expect } from "bun:test";
import { parse } from "hls-parser";
import type { MasterPlaylist } from "hls-parser/types";
import { PacketKind } from "../../src/media/packet.ts";
import { asTrack } from "../support/audio-tracks.ts";
import { saidBy } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { HlsReloadServer } from "../support/e2e/hls-reload-server.ts";
import { askedBy, openBrowser, openPage, videoOf } from "../support/e2e/page/browser.ts";
import { hlsJsFolder, setHls, toldBy } from "../support/e2e/page/hls-js.ts";
import { picture, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { TwoTrackEncoder } from "../support/e2e/two-track-encoder.ts";
import { until } from "../support/e2e/wait.ts";
import { checkHistory, mapsOf, readMedia } from "../support/playlists.ts";
import { aacFrame, aacHeader, unit } from "../support/ts-media.ts";

const testAlone = testWith("tests/e2e/hls-audio.test.ts");
const test = testWith("tests/e2e/hls-audio.test.ts", "FFmpeg");
const testWithChromium = testWith("tests/e2e/hls-audio.test.ts", "FFmpeg", "Chromium");

/** The links to a variant and to its audio tracks. */
function linksOf(text: string): string[] {
  const { variants } = parse(text) as MasterPlaylist;
  return variants.flatMap(({ uri, audio }) => [uri, ...audio.flatMap((each) => each.uri ?? [])]);
}

for (const format of ["fmp4", "ts"] as const)
  test.concurrent(`FFmpeg reads both audio tracks with their languages (${format}), which two edges give byte for byte`, async () => {
    await using stage = new Stage();
    const more = `hls_format = "${format}"\nhls_dispose = 0`;
    const pushed = await HlsEdge.start(stage, "pushed", { more });
    const origin = await HlsEdge.start(stage, "origin", { vhost: `forward = "127.0.0.1:${pushed.rtmpPort}"`, more });
    const encoder = await TwoTrackEncoder.start(stage, origin.rtmpPort, 6);
    await encoder.ended();
    let [text, other] = ["", ""];
    await until("both have ended", async () => {
      [text, other] = [(await origin.get()).text, (await pushed.get()).text];
      const [here, there] = [linksOf(text), linksOf(other)];
      const lists = await Promise.all([...here.map((uri) => origin.get(uri)), ...there.map((uri) => pushed.get(uri))]);
      return lists.length === 6 && lists.every((list) => list.text.includes("#EXT-X-ENDLIST"));
    });
    const { variants } = parse(text) as MasterPlaylist;
    expect(variants[0]?.audio.map(({ name, language, isDefault }) => [name, language, isDefault])).toEqual([
      ["English", "en", true],
      ["Deutsch", "de", false],
    ]);
    const shared = (playlist: string) => playlist.replaceAll(/hls_ctx=\w+|BANDWIDTH=\d+/g, "");
    expect(shared(other)).toBe(shared(text));
    const theirs = linksOf(other);
    for (const [at, uri] of linksOf(text).entries()) {
      const [here, there] = [await origin.get(uri), await pushed.get(theirs[at])];
      expect(readMedia(here.text).segments.length).toBeGreaterThanOrEqual(4);
      // A forward that is connected late has begun behind the first ones.
      const files = [...urisOf(there.text), ...mapsOf(there.text).filter((map) => map !== "")];
      expect(urisOf(here.text).slice(-urisOf(there.text).length)).toEqual(urisOf(there.text));
      for (const file of files) expect((await pushed.get(file)).bytes).toEqual((await origin.get(file)).bytes);
    }
    const entries = ["-show_entries", "stream=index,codec_type:stream_tags=language", "-of", "json"];
    const { out, err } = await saidBy("ffprobe", ...entries, origin.url);
    expect(err).toBe("");
    const { streams } = JSON.parse(out) as { streams: { codec_type: string; tags?: { language?: string } }[] };
    const sounds = streams.filter(({ codec_type }) => codec_type === "audio").map(({ tags }) => tags?.language);
    expect(streams.filter(({ codec_type }) => codec_type === "video").length).toBe(1);
    expect(sounds.toSorted()).toEqual(["de", "en"]);
    const url = (uri: string | undefined) => new URL(uri ?? "", origin.url).href;
    const packets = ["-show_entries", "packet=pts_time,data_hash", "-show_data_hash", "md5", "-of", "csv"];
    const [english, german] = await Promise.all(
      linksOf(text)
        .slice(1)
        .map((uri) => saidBy("ffprobe", ...packets, "-live_start_index", "0", "-i", url(uri))),
    );
    // The second one is the same sound.
    expect(english?.out.split("\n").length).toBeGreaterThan(encoder.sounds * 0.6);
    expect(german?.out).toBe(english?.out as string);
    const whole = await saidBy("ffmpeg", "-live_start_index", "0", "-i", origin.url, "-map", "0", "-f", "null", "-");
    // FFmpeg reads the init segments again when it takes up renditions that it has looked at (recheck_discard_flags in its hls.c).
    expect(whole.err.replaceAll(/.*Found duplicated MOOV Atom. Skipped it\n/g, "")).toBe("");
  });

testAlone.concurrent("an upgrade keeps the segments of all audio tracks, and goes on with their numbers", async () => {
  await using stage = new Stage();
  const hls = await HlsReloadServer.start(stage);
  const { server } = hls;
  const publisher = await server.publish();
  let second = 0;
  const send = (seconds: number) => {
    for (const end = second + seconds; second < end; second++) {
      sendGop(publisher, second * 25, 25);
      for (let at = 0; at < 1000; at += 200) {
        const { payload } = aacFrame(0, unit(0x21, 40, second));
        for (const sound of [payload, asTrack(1, payload)]) publisher.send(PacketKind.Audio, second * 1000 + at, sound);
      }
    }
  };
  for (const header of [aacHeader.payload, asTrack(1, aacHeader.payload)]) publisher.send(PacketKind.Audio, 0, header);
  const witness = await server.play();
  send(8);
  await picture(witness, second * 25 - 1);
  const links = await until("all tracks are listed", async () => {
    const listed = linksOf((await hls.get("show.m3u8")).text);
    return listed.length === 3 && listed;
  });
  expect(links.map((link) => /hls_part=(\w+)/.exec(link)?.[1])).toEqual(["v", "a0", "a1"]);
  const histories = await Promise.all(links.map(async (link) => [(await hls.get(link)).text]));
  await hls.upgrade();
  for (const uri of histories.flatMap(([text = ""]) => urisOf(text))) expect((await hls.get(uri)).status).toBe(200);
  // The encoder is still with the old process.
  for (let turn = 0; turn < 4; turn++) {
    send(1);
    await picture(witness, second * 25 - 1);
    for (const [at, link] of links.entries()) {
      const { status, text } = await hls.get(link);
      expect(status).toBe(200);
      histories[at]?.push(text);
    }
  }
  for (const history of histories) {
    checkHistory(history);
    expect(history.at(-1)).not.toContain("GAP");
    expect(urisOf(history.at(-1) ?? "").at(-1)).not.toBe(urisOf(history[0] ?? "").at(-1));
  }
  expect(linksOf((await hls.get("show.m3u8")).text).length).toBe(3);
});

testWithChromium.concurrent.each([
  ["segments", 'hls_format = "fmp4"'],
  ["parts", "hls_low_latency = true"],
])("hls.js switches from one audio track to the other and back (%s)", async (what, more) => {
  await using stage = new Stage();
  const files = hlsJsFolder(
    stage,
    "{ enableWorker: false }",
    "hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, (_, { id }) => told.switched.push(hls.audioTracks[id].lang));",
  );
  const edge = await HlsEdge.start(stage, "edge", {
    more,
    env: { SRS_HTTP_SERVER_DIR: files },
  });
  await TwoTrackEncoder.start(stage, edge.rtmpPort, 30);
  const browser = await openBrowser();
  stage.defer(() => browser.close());
  const errors: string[] = [];
  const page = await openPage(browser, new URL("/index.html", edge.url).href, errors);
  await until("it plays", async () => (await videoOf(page)).frames > 25);
  for (const track of [1, 0]) {
    const { switched } = await toldBy<string>(page);
    await setHls(page, "audioTrack", track);
    await until("it has switched", async () => (await toldBy<string>(page)).switched.length > switched.length);
    const { frames } = await videoOf(page);
    await until("it goes on", async () => (await videoOf(page)).frames > frames + 40);
  }
  const told = await toldBy<string>(page);
  expect(told.switched.slice(-2)).toEqual(["de", "en"]);
  expect(told.errors.filter((each) => each.startsWith("fatal"))).toEqual([]);
  expect(errors).toEqual([]);
  if (what !== "parts") return;
  const asked = await askedBy(page);
  for (const id of ["v", "a0", "a1"]) {
    const blocked = asked.filter((url) => url.includes(`hls_part=${id}`) && /_HLS_msn=\d+&_HLS_part=\d+/.test(url));
    const parts = asked.filter((url) => new RegExp(`-${id}\\.\\d+\\.m4s$`).test(url));
    expect([id, blocked.length > 3, parts.length > 3]).toEqual([id, true, true]);
  }
});
