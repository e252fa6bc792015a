import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { bench, faultless, faultlessMp4 } from "../support/e2e/bench.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { publishClip, publishClips } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { startNginx } from "../support/e2e/nginx.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { TwoTrackEncoder } from "../support/e2e/two-track-encoder.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/bench-hls.test.ts";
const test = testWith(file);
const testWithFfmpeg = testWith(file, "FFmpeg");
const testWithNginx = testWith(file, "nginx with its RTMP module");

// Parts stay listed for three target durations: a player on a slow machine may be that late.
const LOW_LATENCY = "hls_fragment = 4\nhls_low_latency = true\nhls_part = 200\nhls_window = 40";

for (const [what, keys] of [
  ["", ""],
  ["encrypted ", "\nhls_keys = true\nhls_fragments_per_key = 1"],
] as const)
  test.concurrent(`srs bench plays ${what}low-latency HLS whose audio has a playlist of its own, and reads the delay off its parts`, async () => {
    await using stage = new Stage();
    const { url, rtmp } = await HlsEdge.start(stage, "server", { hls: `${LOW_LATENCY}${keys}` });
    const run = ["both", rtmp, "--play-url", url, "-n", "5", "--gop", "1", "--audio-tracks", "2", "--seconds", "9"];
    const { players } = await bench(stage, "bench", ...run);
    expect(players).toMatchObject({ ...faultlessMp4, connected: 5, hls: { ...faultlessMp4.hls, format: "fmp4" } });
    const {
      parts = 0,
      hinted = 0,
      audio,
      part_delay_ms,
      segments,
      keys: fetched = 0,
      key_changes = 0,
    } = players?.hls ?? {};
    expect(segments).toBe(0);
    // The same time of picture and of audio, both in parts of 200 ms.
    expect(audio?.parts).toBeWithin(parts / 3, (parts * 2) / 3);
    expect(hinted).toBeGreaterThan(0);
    expect(part_delay_ms?.p50).toBeGreaterThan(0);
    expect(players?.delay_ms?.p50).toBeGreaterThan(600);
    // Picture and audio have the same keys at two addresses, and each player fetches each once.
    if (keys === "") expect([fetched, key_changes]).toEqual([0, 0]);
    else expect([key_changes > 0, fetched <= 2 * (5 + key_changes + 5)]).toEqual([true, true]);
  });

testWithFfmpeg.concurrent(
  "srs bench plays the default audio track of an encoder's two, beside the picture",
  async () => {
    await using stage = new Stage();
    const { url, rtmpPort } = await HlsEdge.start(stage, "server", { hls: LOW_LATENCY });
    await TwoTrackEncoder.start(stage, rtmpPort, 20);
    await until(
      "both tracks are listed",
      async () => (await (await fetch(url)).text()).split("#EXT-X-MEDIA").length === 3,
    );
    const { players } = await bench(stage, "bench", "play", url, "-n", "3", "--seconds", "5");
    expect(players).toMatchObject({ ...faultlessMp4, synthetic: false, connected: 3 });
    expect(players?.hls?.audio.parts).toBeGreaterThan(3 * 10);
    expect(players?.frames.audio).toBeGreaterThan(3 * 100);
  },
);

testWithFfmpeg.concurrent(
  "srs bench changes between two variants of FFmpeg's, and the picture continues each time",
  async () => {
    await using stage = new Stage();
    const { url, rtmp, program } = await HlsEdge.start(stage, "server", {
      hls: `hls_fragment = 1\nhls_window = 12\nhls_variants = ["_sd"]\nhls_format = "fmp4"`,
    });
    const [high, low] = [900, 300].map((bitrate) => clip({ seconds: 30, bitrate })) as [string, string];
    publishClips(
      stage,
      new Map([
        [rtmp, high],
        [`${rtmp}_sd`, low],
      ]),
    );
    await until("both are published", () => program.count(/publish started/) === 2);
    await until("both are listed", async () => urisOf(await (await fetch(url)).text()).length === 2);
    const { players, warnings } = await bench(
      stage,
      "bench",
      "play",
      url,
      "-n",
      "4",
      "--seconds",
      "10",
      "--variant",
      "switch",
    );
    expect(warnings).toEqual([]);
    expect(players).toMatchObject({ ...faultlessMp4, synthetic: false, connected: 4 });
    const { switches, variants = {} } = players?.hls ?? {};
    expect((switches?.up ?? 0) + (switches?.down ?? 0)).toBeGreaterThan(3);
    expect(switches).toMatchObject({ misaligned: 0, left: 0 });
    expect(Object.keys(variants)).toHaveLength(2);
  },
);

testWithFfmpeg.concurrent("srs bench decrypts parts of FFmpeg's stream, with keys that change", async () => {
  await using stage = new Stage();
  const { url, rtmp } = await HlsEdge.start(stage, "server", {
    hls: `hls_fragment = 1\nhls_low_latency = true\nhls_part = 200\nhls_window = 12\nhls_keys = true\nhls_fragments_per_key = 2`,
  });
  publishClip(stage, clip({ seconds: 30 }), rtmp);
  await until("the stream is listed", async () => (await fetch(url)).status === 200);
  const { players } = await bench(stage, "bench", "play", url, "-n", "3", "--seconds", "8");
  expect(players).toMatchObject({ ...faultlessMp4, synthetic: false, connected: 3 });
  const { parts, keys = 0, key_changes = 0 } = players?.hls ?? {};
  expect(parts).toBeGreaterThan(3 * 20);
  expect([keys, key_changes]).toEqual([key_changes + 3, key_changes]);
  expect(key_changes).toBeGreaterThan(3);
});

testWithNginx.concurrent(
  "srs bench plays nginx-rtmp's HLS, encrypted, from a directory that nginx serves",
  async () => {
    await using stage = new Stage();
    const folder = stage.path("hls");
    mkdirSync(folder);
    const web = await deadPort();
    const hls = `hls on; hls_path ${folder}; hls_fragment 1s; hls_playlist_length 12s; hls_keys on; hls_key_path ${folder}; hls_fragments_per_key 2;`;
    const http = `http { access_log off; server { listen 127.0.0.1:${web}; root ${folder}; } }`;
    const { port } = await startNginx(stage, hls, http);
    const publish = [executable(), "bench", "publish", `rtmp://127.0.0.1:${port}/live/show`, "--seconds", "300"];
    stage.start("encoder", [...publish, "--gop", "1"]);
    const url = `http://127.0.0.1:${web}/show.m3u8`;
    await until("three segments are there", async () => (await (await fetch(url)).text()).split(".ts\n").length > 3);
    const { players } = await bench(stage, "bench", "play", url, "-n", "3", "--seconds", "6");
    expect(players).toMatchObject({ failed: 0, connected: 3, synthetic: true, dirty: 0, lost: faultless.lost });
    expect(players?.hls).toMatchObject({ format: "ts", missed: 0, errors: {} });
    expect(players?.hls?.keys).toBeGreaterThan(3);
  },
);
