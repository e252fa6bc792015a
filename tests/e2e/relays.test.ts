import { expect } from "bun:test";
import { AmfObject } from "../../src/amf/value.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { executable } from "../support/e2e/executable.ts";
import { fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { avcFrame, avcHeader, isKeyFrame } from "../support/e2e/payloads.ts";
import { COMPLAINT } from "../support/e2e/program.ts";
import { forwardTo, type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { startTarget } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/relays.test.ts");
const testWithFfmpeg = testWith("tests/e2e/relays.test.ts", "FFmpeg");

testWithFfmpeg.concurrent(
  "five streams to twenty targets are a hundred relays: all run, and the load is small",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 16 });
    const edges = await Promise.all([1, 2, 3, 4].map((at) => startSrs(stage, `edge-${at}`)));
    // Five apps on each of four edges.
    const targets = edges.flatMap((edge) => [1, 2, 3, 4, 5].map((app) => edge.url(`copy${app}/[stream]`)));
    const origin = await startSrs(stage, "origin", { vhost: forwardTo(...targets) });
    const names = ["one", "two", "three", "four", "five"];
    const encoders = names.map((name) => publishClip(stage, source, origin.url(`live/${name}`), { name }));
    await until("all publish", () => origin.program.count(/publish started/) === names.length);
    for (const encoder of encoders) encoder.signal("SIGSTOP");
    await until("a hundred relays run", () => origin.program.count(/forward running/) === 100);
    await Promise.all(edges.map(({ program }) => until("25 streams", () => program.count(/publish started/) === 25)));
    const players = edges.map((edge, at) =>
      playFrames(stage, edge.url(`copy${at + 1}/${names[at]}`), `player of edge ${at + 1}`),
    );
    for (const { program } of edges) await program.line(/play started/);
    for (const encoder of encoders) encoder.signal("SIGCONT");
    const spent = (servers: readonly Srs[]) => servers.reduce((sum, { program }) => sum + program.cpu(), 0);
    const [before, beforeEdges] = [origin.program.cpu(), spent(edges)];
    await origin.program.line(/summary .*publishers=5 .*relays=100 relays_running=100/);
    for (const encoder of encoders) expect(await encoder.ended()).toBe(0);
    const [sending, receiving] = [origin.program.cpu() - before, spent(edges) - beforeEdges];
    process.stdout.write(
      `relays: 100 cost ${sending.toFixed(2)} s of CPU, and their targets ${receiving.toFixed(2)} s\n`,
    );
    // 5 × 0.7 Mbit/s in, 70 Mbit/s and 7000 packets a second out: sending them costs no more than receiving them.
    expect(sending).toBeLessThan(receiving);

    for (const player of players) {
      expect(await player.ended()).toBe(0);
      const report = compare(fileFrames(source), framesOf(player.lines), "video");
      expect({ name: player.name, ...report }).toMatchObject({ fromKey: true, runs: 1, toEnd: true, foreign: 0 });
    }
    await until("every target is told", () => edges.every(({ program }) => program.count(/publish ended addr/) === 25));
    expect(origin.program.count(COMPLAINT)).toBe(0);
  },
);

test.concurrent("an edge with a host name gets vhost and parameters with the stream", async () => {
  await using stage = new Stage();
  const more = '[vhost."tv.example.com"]';
  const edge = await startSrs(stage, "edge", { more });
  const origin = await startSrs(stage, "origin", { more: `${more}\n${forwardTo(`localhost:${edge.port}`)}` });
  const app = "live/east";
  const publish = (tcUrl: string, name: string): Promise<Client> =>
    Client.publish(stage, { port: origin.port, app, tcUrl }, name);
  const publishers = [
    await publish("rtmp://tv.example.com/live/east", "by-host?token=secret&x=1"),
    await publish("rtmp://127.0.0.1/live/east?vhost=tv.example.com", "by-parameter?token=secret"),
    await publish("rtmp://127.0.0.1/live/east...vhost...tv.example.com", "by-dots"),
  ];
  for (const publisher of publishers) publisher.send(9, 0, avcHeader);
  for (const publisher of publishers) publisher.send(9, 0, avcFrame(true, 7));
  for (const name of ["by-host", "by-parameter", "by-dots"]) {
    await edge.program.line(new RegExp(`publish started .*stream=tv\\.example\\.com/live/east/${name}$`));
    const tcUrl = "rtmp://tv.example.com:1935/live/east";
    const player = await Client.play(stage, { port: edge.port, app, tcUrl }, name);
    await player.packet(name, isKeyFrame);
  }
  // The same names on the default vhost are other streams.
  const stranger = await Client.play(stage, { port: edge.port, app }, "by-host");
  await edge.program.line(/play started .*stream=\/live\/east\/by-host waiting=true/);
  expect(stranger.packets.filter(({ type }) => type === 9)).toEqual([]);
});

test.concurrent("the placeholders of a target's URL are filled in, and the dialogue with it is FMLE's", async () => {
  await using stage = new Stage();
  const target = await startTarget(stage, "listens");
  const url = `rtmp://127.0.0.1:${target.port}/in-[app]/[vhost]-[stream]?key=k&[param]`;
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(url) });
  const publisher = await Client.publish(stage, { port: origin.port }, "show?token=a%20b");
  publisher.send(9, 0, avcHeader);
  publisher.send(9, 0, avcFrame(true, 0));
  await until("the target is published to", () => target.published === 1);
  await publisher.stopPublish("show", 1);
  await until("the target is told of the end", () => target.commands.some(({ name }) => name === "deleteStream"));
  const said = target.commands.map(({ name, args }) => `${name} ${args[1] ?? ""}`.trim());
  const path = "__defaultVhost__-show?key=k&token=a%20b";
  expect(said.slice(1)).toEqual([
    `releaseStream ${path}`,
    `FCPublish ${path}`,
    "createStream",
    `publish ${path}`,
    `FCUnpublish ${path}`,
    "deleteStream 1",
  ]);
  expect(target.commands[0]?.name).toBe("connect");
  const object = target.commands[0]?.args[0];
  if (!(object instanceof AmfObject)) throw new Error("connect has no command object");
  expect(object.string("app")).toBe("in-live");
  expect(object.string("tcUrl")).toBe(`rtmp://127.0.0.1:${target.port}/in-live`);
  await origin.program.line(/forward ended/);
});

test.concurrent("an edge that is stopped is logged as slow before it is given up, and so is its recovery", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
  const bench = ["bench", "publish", origin.url("live/show"), "--kbps", "400", "--seconds", "60"];
  stage.start("encoder", [executable(), ...bench]);
  const player = await Client.play(stage, { port: origin.port }, "show");
  const { program } = origin;
  await program.line(/summary .*relays_running=1/);
  // Between two summaries, which are ten seconds apart, and within the ten that it has for its answer to a ping.
  const at = player.packets.at(-1)?.timestamp ?? 0;
  await player.packet("three seconds of it", ({ timestamp }) => timestamp > at + 3000);
  edge.program.signal("SIGSTOP");
  const slow = await program.line(new RegExp(`summary .*slow_targets=127\\.0\\.0\\.1:${edge.port} `));
  const lagMs = Number(/slowest_relay_ms=(\d+)/.exec(slow)?.[1]);
  expect(lagMs).toBeGreaterThan(1000);
  expect(lagMs).toBeLessThan(10_000);
  await program.line(/forward lost .*no sign of life/);
  const lostAt = player.packets.at(-1)?.timestamp ?? 0;
  await player.packet("two more seconds of it", ({ timestamp }) => timestamp > lostAt + 2000);
  edge.program.signal("SIGCONT");
  await until("it runs again", () => program.count(/forward running/) === 2);
  await program.line(/forward running .*outage_seconds=\d+/);
  // The edge was told of the end of the first connection, not reset.
  await edge.program.line(/publish ended/);
  expect(edge.program.count(/reset/)).toBe(0);
});
