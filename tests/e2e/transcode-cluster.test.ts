import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { decodeErrors, type Frame, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { HlsEdge } from "../support/e2e/hls.ts";
import type { Program } from "../support/e2e/program.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { ENHANCED_INPUTS, encoded, ffmpegsOf, publishEnhanced } from "../support/e2e/transcode.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/transcode-cluster.test.ts", "FFmpeg");

const H264 = 'vcodec = "libx264"\nvpreset = "ultrafast"\nvbitrate = 300\n';
const AAC = 'acodec = "aac"\nabitrate = 64\nasample_rate = 44100\n';
const LOOP = { input: ["-stream_loop", "-1"] };

/** An origin that transcodes the vhost `raw` into the vhost `fit`, which forwards to edges with HLS. */
async function cluster(stage: Stage) {
  const edges = await Promise.all(["edge-1", "edge-2"].map((name) => HlsEdge.start(stage, name)));
  const targets = edges.map(({ rtmpPort }) => `127.0.0.1:${rtmpPort}`);
  const more = `[vhost.raw.transcode.main]
${H264}${AAC}output = "fit/[app]/[stream]"
[vhost.fit]
forward = ${JSON.stringify(targets)}
`;
  return { origin: await startSrs(stage, "origin", { more }), edges };
}

/** Waits for the end of the stream at both edges, and has FFmpeg decode what they list. */
async function expectDecodable(edges: readonly HlsEdge[]): Promise<void> {
  for (const edge of edges) {
    await edge.mediaWhen("the end", (text) => text.includes("#EXT-X-ENDLIST"));
    expect(decodeErrors(edge.url)).toBe("");
    const codecs = ["-show_entries", "stream=codec_name,width", "-of", "csv=p=0"];
    const { stdout } = Bun.spawnSync(["ffprobe", "-v", "error", ...codecs, edge.url]);
    expect(new Set(stdout.toString().trim().split(/\s+/))).toEqual(new Set(["h264,320", "aac"]));
  }
}

test.concurrent("HEVC and MP3 reach the HLS of two edges as H.264 and AAC", async () => {
  await using stage = new Stage();
  const path = await encoded(stage.path("clip.mp4"), 6, ENHANCED_INPUTS["HEVC and MP3"] ?? []);
  const { origin, edges } = await cluster(stage);
  const options = { port: origin.port, tcUrl: `rtmp://127.0.0.1:${origin.port}/live?vhost=raw` };
  await publishEnhanced(stage, options, path);
  await expectDecodable(edges);
});

test.concurrent("FLV1 and Speex reach the HLS of two edges as H.264 and AAC", async () => {
  await using stage = new Stage();
  const old = ["-c:v", "flv", "-g", "25", "-c:a", "libspeex", "-ar", "16000", "-ac", "1"];
  const path = await encoded(stage.path("clip.flv"), 6, old);
  const { origin, edges } = await cluster(stage);
  expect(await publishClip(stage, path, origin.url("live?vhost=raw/show")).ended()).toBe(0);
  await expectDecodable(edges);
});

test.concurrent("one FFmpeg makes a ladder of three streams, with key frames where the source has them", async () => {
  await using stage = new Stage();
  const step = (name: string, height: number) =>
    `[vhost.__defaultVhost__.transcode.${name}]\nstreams = "live/*"\n${H264}height = ${height}\n${AAC}output = "[vhost]/out/[engine]"\n`;
  const more = step("high", 180) + step("mid", 120) + step("low", 90);
  const server = await startSrs(stage, "server", { more });
  const players = await Promise.all(
    ["high", "mid", "low"].map((name) => Client.play(stage, { port: server.port, app: "out" }, name)),
  );
  publishClip(stage, clip({ seconds: 8 }), server.url("live/show"), LOOP);
  const keys = (player: Client) =>
    player.packets.filter(({ type, payload }) => type === 9 && payload[0] === 0x17 && payload[1] === 1);
  await until("all have three key frames", () => players.every((player) => keys(player).length >= 3));
  const [high = [], ...others] = players.map((player) =>
    keys(player)
      .map(({ timestamp }) => timestamp)
      .slice(0, 3),
  );
  expect(others).toEqual([high, high]);
  expect(ffmpegsOf(server.program.pid).length).toBe(1);
  const sounds = players.map((player) => player.packets.filter(({ type }) => type === 8).slice(0, 20));
  expect(sounds[1]?.map(({ payload }) => payload)).toEqual(sounds[0]?.map(({ payload }) => payload) ?? []);
});

test.concurrent("a track that needs no encoding passes without an FFmpeg, with its bytes and times", async () => {
  await using stage = new Stage();
  const only = 'only_if_video = ["hevc", "flv1"]\nonly_if_audio = ["mp3", "speex"]\n';
  const more = `[vhost.__defaultVhost__.transcode.x]\nstreams = "live/*"\n${only}${H264}${AAC}output = "[vhost]/out/[stream]"\n`;
  const server = await startSrs(stage, "server", { more });
  const [sent, passed] = [
    playFrames(stage, server.url("live/show"), "sent"),
    playFrames(stage, server.url("out/show")),
  ];
  await until("both wait", () => server.program.count(/play started .*waiting=true/) === 2);
  expect(await publishClip(stage, clip({ seconds: 3 }), server.url("live/show")).ended()).toBe(0);
  await Promise.all([sent.ended(), passed.ended()]);
  // The result begins with all that came until its codecs were known: a viewer then starts at the picture, and a sound before it is past.
  const behindPicture = (player: Program, track: Frame["track"]) => {
    const frames = framesOf(player.lines);
    const from = frames.find((frame) => frame.track === "video")?.dts ?? 0;
    return frames.filter((frame) => frame.track === track && frame.dts >= from);
  };
  for (const track of ["video", "audio"] as const) {
    expect(behindPicture(passed, track).length).toBeGreaterThan(70);
    expect(behindPicture(passed, track)).toEqual(behindPicture(sent, track));
  }
  expect(server.program.count(/transcode running/)).toBe(0);
});

test.concurrent("an SRS file with transcode blocks runs as it is", async () => {
  await using stage = new Stage();
  const conf = `listen 0;
max_connections 1000;
vhost __defaultVhost__ {
    transcode live/show {
        enabled on;
        ffmpeg ffmpeg;
        engine ff {
            enabled on;
            vfilter { }
            vcodec libx264; vbitrate 300; vfps 20; vwidth 160; vheight 90; vthreads 1;
            vprofile main; vpreset ultrafast;
            vparams { g 20; }
            acodec aac; abitrate 64; asample_rate 44100; achannels 2;
            aparams { }
            output rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine];
        }
        engine off { enabled off; vcodec libx264; acodec aac; output rtmp://127.0.0.1:[port]/[app]/[stream]_[engine]; }
    }
}
vhost sound.example.com {
    transcode {
        enabled on;
        ffmpeg ffmpeg;
        engine acodec {
            enabled on;
            vcodec copy;
            acodec aac; abitrate 45; asample_rate 44100; achannels 2;
            aparams { }
            output rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine];
        }
    }
}
`;
  const server = stage.start("server", [executable(), "--conf", stage.write("srs.conf", conf)]);
  const port = Number(/rtmp=\S*:(\d+)/.exec(await server.line(/ listening .*rtmp=/))?.[1]);
  const url = (path: string) => `rtmp://127.0.0.1:${port}/${path}`;
  publishClip(stage, clip({ seconds: 8 }), url("live/show"), LOOP);
  publishClip(stage, clip({ seconds: 8 }), url("live?vhost=sound.example.com/show"), { ...LOOP, name: "other" });
  const small = playFrames(stage, url("live/show_ff"), "small");
  const sound = playFrames(stage, url("live?vhost=sound.example.com/show_acodec"), "sound");
  await Promise.all([playedTo(small, 3000), playedTo(sound, 3000)]);
  expect(server.count(/transcode running .*stream=\/live\/show /)).toBe(1);
  expect(server.count(/transcode running .*stream=sound.example.com\/live\/show /)).toBe(1);
});

test.concurrent("a switch to a standby source does not restart FFmpeg", async () => {
  await using stage = new Stage();
  const standby = '[vhost.__defaultVhost__.publish]\non_conflict = "standby"\n';
  const more = `[vhost.__defaultVhost__.transcode.x]\nstreams = "live/*"\n${H264}${AAC}output = "[vhost]/out/[stream]"\n${standby}`;
  const server = await startSrs(stage, "server", { more });
  const first = publishClip(stage, clip({ seconds: 8 }), server.url("live/show"), LOOP);
  await server.program.line(/transcode running/);
  publishClip(stage, clip({ seconds: 8 }), server.url("live/show"), { ...LOOP, name: "second" });
  await server.program.line(/publish started .*standby=true/);
  const player = playFrames(stage, server.url("out/show"));
  await playedTo(player, 1000);
  const running = ffmpegsOf(server.program.pid);
  await first.kill();
  await server.program.line(/source switched/);
  const newest = () => framesOf(player.lines).at(-1)?.dts ?? 0;
  const at = newest();
  await playedTo(player, at + 4000);
  expect(ffmpegsOf(server.program.pid)).toEqual(running);
  expect(running.length).toBe(1);
});

test.concurrent("an upgrade moves a stream's transcoding to the new process, and viewers continue", async () => {
  await using stage = new Stage();
  const toml = `[vhost.__defaultVhost__]\n[vhost.__defaultVhost__.transcode.x]\nstreams = "live/*"\n${H264}${AAC}output = "[vhost]/out/[stream]"\n`;
  const server = await ReloadServer.start(stage, toml);
  publishClip(stage, clip({ seconds: 8 }), server.url("live/show"), LOOP);
  await server.program.line(/transcode running/);
  const player = playFrames(stage, server.url("out/show"));
  await playedTo(player, 1000);
  const { exitCode } = await server.run("upgrade");
  expect(exitCode).toBe(0);
  const next = Number(readFileSync(stage.path("server.pid"), "utf8"));
  expect(next).toBeGreaterThan(1);
  stage.defer(() => process.kill(next, "SIGKILL"));
  const late = playFrames(stage, server.url("out/show"), "late");
  await playedTo(late, (framesOf(player.lines).at(-1)?.dts ?? 0) + 3000);
  await playedTo(player, framesOf(late.lines).at(-1)?.dts ?? 0);
  expect(player.running).toBe(true);
});
