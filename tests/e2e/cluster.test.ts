import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import {
  decodeErrors,
  fileFrames,
  framesOf,
  playedTo,
  playFrames,
  publishClip,
  streamKinds,
} from "../support/e2e/ffmpeg.ts";
import type { Program } from "../support/e2e/program.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/cluster.test.ts", "FFmpeg");
const testWithRtmpdump = testWith("tests/e2e/cluster.test.ts", "FFmpeg", "rtmpdump");

const whole = { fromKey: true, runs: 1, toEnd: true, foreign: 0 };

async function cluster(stage: Stage) {
  const edges = await Promise.all(["edge-1", "edge-2", "edge-3", "edge-4"].map((name) => startSrs(stage, name)));
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(...edges) });
  return { origin, edges };
}

test.concurrent("FFmpeg reads the published packets with their timestamps from the origin and from each of four edges", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 8 });
  const { origin, edges } = await cluster(stage);
  const servers = [origin, ...edges];

  const early = playFrames(stage, edges[0]?.url("live/livestream") ?? "", "player before the stream");
  await edges[0]?.program.line(/play started .*waiting=true/);
  const encoder = publishClip(stage, source, origin.url("live/livestream"));
  // The first second is over: who comes now starts in the middle, on a key frame from the GOP cache.
  await playedTo(early, 1000);
  const players = servers.map((server, at) => playFrames(stage, server.url("live/livestream"), `player ${at}`));
  await encoder.whileStopped(async () => {
    for (const { program } of servers) await program.line(/play started .*stream=\S+$/);
  });

  expect(await encoder.ended()).toBe(0);
  const sent = fileFrames(source);
  for (const player of [early, ...players]) {
    expect(await player.ended()).toBe(0);
    const got = framesOf(player.lines);
    expect({ name: player.name, ...compare(sent, got, "video") }).toMatchObject(whole);
    expect({ name: player.name, ...compare(sent, got, "audio") }).toMatchObject({ ...whole, fromKey: false });
    // Nothing but the two streams, and nothing to complain of.
    expect(player.lines.filter((line) => !/^(#|[01],)/.test(line))).toEqual([]);
  }
});

test.concurrent("FFmpeg finds one video and one audio stream and no other, wherever it joins", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  publishClip(stage, clip({ seconds: 8 }), server.url("live/livestream"), { input: ["-stream_loop", "-1"] });
  const player = playFrames(stage, server.url("live/livestream"));
  await playedTo(player, 2000);
  expect(streamKinds(server.url("live/livestream"))).toMatch(/^(video,audio|audio,video)$/);
});

testWithRtmpdump.concurrent(
  "rtmpdump plays from origin and edge, ends with the stream, and its files are sound",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 8 });
    const edge = await startSrs(stage, "edge");
    const origin = await startSrs(stage, "origin", {
      vhost: forwardTo(edge),
    });
    const dump = (name: string, url: string): [Program, string] => {
      const file = stage.path(`${name}.flv`);
      return [stage.start(name, ["rtmpdump", "--quiet", "--live", "--rtmp", url, "--flv", file]), file];
    };
    const early = dump("before", origin.url("live/livestream"));
    await origin.program.line(/play started .*waiting=true/);
    const encoder = publishClip(stage, source, origin.url("live/livestream"));
    const player = playFrames(stage, origin.url("live/livestream"));
    await playedTo(player, 1000);
    const dumps = [early, dump("origin", origin.url("live/livestream")), dump("edge", edge.url("live/livestream"))];
    await encoder.whileStopped(async () => {
      await until("all are joined", () => origin.program.count(/play started/) === 3);
      await edge.program.line(/play started/);
    });

    expect(await encoder.ended()).toBe(0);
    for (const [program, file] of dumps) {
      expect(await program.ended()).toBe(0);
      expect(decodeErrors(file)).toBe("");
      expect({ name: program.name, ...compare(fileFrames(source), fileFrames(file), "video") }).toMatchObject(whole);
    }
  },
);
