import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/shutdown.test.ts");
const testWithFfmpeg = testWith("tests/e2e/shutdown.test.ts", "FFmpeg");

/** A fault of the program's own, or the place of one. */
const faults = /internal error|^\s+at .+:\d+:\d+|Error:/;

testWithFfmpeg.concurrent.each(["SIGTERM", "SIGINT"] as const)(
  "%s stops a server in full work at once: players and targets are told, status 0",
  async (signal) => {
    await using stage = new Stage();
    const edge = await startSrs(stage, "edge");
    const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
    publishClip(stage, clip({ seconds: 8 }), origin.url("live/livestream"), { input: ["-stream_loop", "-1"] });
    const viewers = [origin, edge].map(({ url }) => playFrames(stage, url("live/livestream")));
    const player = await Client.play(stage, { port: origin.port }, "livestream");
    const idle = await Client.connect(stage, { port: origin.port });
    for (const viewer of viewers) await playedTo(viewer, 1000);

    origin.program.signal(signal);
    expect(await origin.program.ended()).toBe(0);
    await player.status("NetStream.Play.UnpublishNotify");
    for (const viewer of viewers) {
      expect(await viewer.ended()).toBe(0);
      expect(framesOf(viewer.lines).length).toBeGreaterThan(20);
    }
    await edge.program.line(/publish ended addr/);
    await Promise.all([player.end(), idle.end()]);

    edge.program.signal(signal);
    expect(await edge.program.ended()).toBe(0);
    for (const { program } of [origin, edge]) {
      expect(program.lines.filter((line) => faults.test(line))).toEqual([]);
      expect(program.lines.at(-1)).toEndWith("INFO  stopped");
    }
  },
);

test.concurrent("a stop is not delayed for long by peers that neither read nor close", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const publisher = await Client.publish(stage, { port: server.port }, "livestream");
  const player = await Client.play(stage, { port: server.port }, "livestream");
  for (const client of [publisher, player]) client.read(false);
  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
  expect(server.program.lines.filter((line) => faults.test(line))).toEqual([]);
});

test.concurrent("a second signal during the stop changes nothing", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const player = await Client.play(stage, { port: server.port }, "livestream");
  player.read(false);
  server.program.signal("SIGINT");
  await server.program.line(/stopping signal=SIGINT/);
  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
});
