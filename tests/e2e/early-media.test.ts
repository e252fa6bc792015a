import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { startEdge } from "../support/e2e/edges.ts";
import { decodeErrors, publishClip, streamKinds } from "../support/e2e/ffmpeg.ts";
import { startNginx } from "../support/e2e/nginx.ts";
import { avcFrame, avcHeader, frameNumber } from "../support/e2e/payloads.ts";
import { Recorder } from "../support/e2e/recorder.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { Wire } from "../support/e2e/wire.ts";

const test = testWith("tests/e2e/early-media.test.ts");
const testWithNginx = testWith("tests/e2e/early-media.test.ts", "FFmpeg", "nginx with its RTMP module");

/** Records until there are so many pictures and sounds. */
async function record(stage: Stage, port: number, frames: number): Promise<Recorder> {
  const viewer = await Recorder.play(stage, port, "show");
  for (const kind of [8, 9] as const) await until("the viewer gets frames", () => viewer.frames(kind).length >= frames);
  return viewer;
}

function expectSound(stage: Stage, viewer: Recorder): void {
  for (const kind of [8, 9]) {
    const first = viewer.packets.find(({ type }) => type === kind);
    expect(first?.payload[1]).toBe(0); // a sequence header
  }
  const file = viewer.save(stage.path("recorded.flv"));
  expect(decodeErrors(file)).toBe("");
  expect(streamKinds(file).split(",").sort()).toEqual(["audio", "video"]);
}

// nginx-rtmp's push sends metadata and headers right behind `publish`, and never again.
testWithNginx.concurrent(
  "nginx-rtmp pushes a stream whose old connection is half open: viewers who come later have its headers",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 20 });
    const server = await startSrs(stage, "server", {
      more: "[vhost.__defaultVhost__.publish]\nnormal_timeout = 60_000",
    });
    const wire = new Wire(stage, server.port);
    publishClip(stage, source, `rtmp://127.0.0.1:${wire.port}/live/show`, { name: "encoder" });
    const early = await record(stage, server.port, 10);
    wire.cut();
    const { port } = await startNginx(stage, `push rtmp://127.0.0.1:${server.port}/live/;`);
    publishClip(stage, source, `rtmp://127.0.0.1:${port}/live/show`, { name: "encoder again" });
    await server.program.line(/WARN .*publisher replaced .*by=/);
    expectSound(stage, await record(stage, server.port, 30));
    expect(early.client.closed).toBe(false);
  },
);

testWithNginx.concurrent(
  "nginx-rtmp pushes to an edge whose origin is asked for each publisher: viewers of both have the headers",
  async () => {
    await using stage = new Stage();
    const origin = await startSrs(stage, "origin");
    const edge = await startEdge(stage, "edge", [origin], ["publish = true", "token_traverse = true"]);
    const { port } = await startNginx(stage, `push rtmp://127.0.0.1:${edge.port}/live/;`);
    origin.program.signal("SIGSTOP");
    publishClip(stage, clip({ seconds: 20 }), `rtmp://127.0.0.1:${port}/live/show`);
    await edge.program.line(/ connected /);
    // The origin's answer takes its time; however long that is, nothing is lost.
    await Bun.sleep(500);
    origin.program.signal("SIGCONT");
    await edge.program.line(/publish started/);
    for (const server of [edge, origin]) expectSound(stage, await record(stage, server.port, 30));
  },
);

test.concurrent("an encoder that comes back on a new connection and waits for no answer loses nothing that it sends", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", {
    more: "[vhost.__defaultVhost__.publish]\nnormal_timeout = 60_000\nswitch_after = 1500",
  });
  const wire = new Wire(stage, server.port);
  const old = await Client.publish(stage, { port: wire.port }, "show");
  old.send(9, 0, avcHeader);
  old.send(9, 0, avcFrame(true, 0));
  const viewer = await Client.play(stage, { port: server.port }, "show");
  await viewer.packet("the old connection's frame", ({ payload }) => frameNumber(payload) === 0);
  wire.cut();
  const waiting = await Client.connect(stage, { port: server.port });
  waiting.setChunkSize(65536);
  const id = await waiting.createStream();
  // The old connection is asked for a sign of life only when it has been silent for 250 ms.
  await Bun.sleep(300);
  waiting.say(id, "publish", null, "show", "live");
  waiting.send(9, 0, avcHeader, id);
  for (let at = 0; at < 50; at++) waiting.send(9, at * 40, avcFrame(at % 10 === 0, 100 + at), id);
  await waiting.status("NetStream.Publish.Start");
  await viewer.packet("its last frame", ({ payload }) => frameNumber(payload) === 149);
  const numbers = viewer.packets.flatMap(({ payload }) => frameNumber(payload) ?? []);
  expect(numbers).toEqual([0, ...Array.from({ length: 50 }, (_, at) => 100 + at)]);
  expect(server.program.count(/WARN .*(dropped|refused)/)).toBe(0);
});

test.concurrent("an encoder that waits for its name and hangs up is forgotten at once", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", {
    more: "[vhost.__defaultVhost__.publish]\nnormal_timeout = 60_000\nswitch_after = 50_000",
  });
  const wire = new Wire(stage, server.port);
  const old = await Client.publish(stage, { port: wire.port }, "show");
  old.send(9, 0, avcFrame(true, 0));
  const viewer = await Client.play(stage, { port: server.port }, "show");
  await viewer.packet("the old connection's frame", ({ payload }) => frameNumber(payload) === 0);
  wire.cut();
  const waiting = await Client.connect(stage, { port: server.port });
  waiting.setChunkSize(65536);
  const id = await waiting.createStream();
  await Bun.sleep(300);
  waiting.say(id, "publish", null, "show", "live");
  for (let at = 0; at < 200; at++) waiting.send(9, at * 40, new Uint8Array(50_000).fill(0x27), id);
  await until("all of it is sent", () => waiting.queuedBytes === 0);
  waiting.abort();
  await server.program.line(/\[c3\] disconnected/);
  expect(server.program.count(/publisher replaced/)).toBe(0);
});
