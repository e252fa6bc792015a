import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { avcFrame, avcHeader, frameNumber, isKeyFrame } from "../support/e2e/payloads.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/publishers.test.ts");
const testWithFfmpeg = testWith("tests/e2e/publishers.test.ts", "FFmpeg");

test.concurrent("a player waits for a stream, is notified of its end, and continues when the same connection publishes it again", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
  const players = await Promise.all(
    [origin, edge].map(({ port }) => Client.play(stage, { port }, "livestream?viewer=1")),
  );
  const publisher = await Client.connect(stage, { port: origin.port });
  publisher.setChunkSize(4096);
  for (const round of [0, 1, 2]) {
    const before = players.map((player) => player.statuses.length);
    const id = await publisher.startPublish("livestream");
    publisher.send(9, 0, avcHeader, id);
    for (let at = 0; at < 10; at++) publisher.send(9, at * 40, avcFrame(at === 0, round * 100 + at), id);
    for (const [at, player] of players.entries()) {
      await player.packet(`round ${round}`, ({ payload }) => frameNumber(payload) === round * 100 + 9);
      expect(player.statuses.slice(before[at]).join("\n")).toInclude("status NetStream.Play.PublishNotify");
    }
    await publisher.stopPublish("livestream", id);
    for (const [at, player] of players.entries()) {
      await player.status("NetStream.Play.UnpublishNotify", before[at]);
    }
  }
  for (const player of players) {
    const numbers = player.packets.flatMap(({ payload }) => frameNumber(payload) ?? []);
    expect(numbers).toEqual([0, 100, 200].flatMap((from) => Array.from({ length: 10 }, (_, at) => from + at)));
    const times = player.packets.filter(({ type }) => type === 9).map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(player.closed).toBe(false);
  }
});

testWithFfmpeg.concurrent(
  "a second publisher of a live stream is refused in words that FFmpeg shows, and the first goes on",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 12 });
    const server = await startSrs(stage, "server");
    const first = publishClip(stage, source, server.url("live/livestream"), { name: "first" });
    const player = playFrames(stage, server.url("live/livestream"));
    await playedTo(player, 1000);

    const second = publishClip(stage, source, server.url("live/livestream"), { name: "second" });
    expect(await second.ended()).not.toBe(0);
    expect(second.lines.join("\n")).toMatch(/\/live\/livestream is already being published/);
    await server.program.line(/WARN .*publish refused .*already being published/);
    const third = await Client.connect(stage, { port: server.port });
    await expect(third.startPublish("livestream")).rejects.toThrow(/error NetStream\.Publish\.BadName/);
    await third.end();

    expect(await first.ended()).toBe(0);
    expect(await player.ended()).toBe(0);
    const report = compare(fileFrames(source), framesOf(player.lines), "video");
    expect(report).toMatchObject({ runs: 1, foreign: 0, toEnd: true });
  },
);

testWithFfmpeg.concurrent(
  "players stay while the encoder is killed and started again: time never runs back, the new stream begins on a key frame with its headers",
  async () => {
    await using stage = new Stage();
    // The second encoder has all the time that it needs.
    const grace = "publish.grace = 60";
    const edge = await startSrs(stage, "edge", { vhost: grace });
    const origin = await startSrs(stage, "origin", { vhost: `${forwardTo(edge)}\n${grace}` });
    const players = await Promise.all([origin, edge].map(({ port }) => Client.play(stage, { port }, "livestream")));
    const viewer = playFrames(stage, edge.url("live/livestream"), "FFmpeg");

    // Another picture size, so that the headers differ.
    const clips = [clip({ seconds: 8 }), clip({ seconds: 6, size: "384x216" })];
    const url = origin.url("live/livestream");
    const first = publishClip(stage, clips[0] ?? "", url, { name: "first encoder", input: ["-ss", "3"] });
    await playedTo(viewer, 1000);
    await first.kill();
    await edge.program.line(/publish ended, publisher lost/);
    const marks = players.map((player) => player.packets.length);
    const linesBefore = viewer.lines.length;
    const second = publishClip(stage, clips[1] ?? "", url, { name: "second encoder" });
    expect(await second.ended()).toBe(0);
    await Promise.all(players.map((player) => player.status("NetStream.Play.UnpublishNotify")));
    expect(await viewer.ended()).toBe(0);

    const sent = fileFrames(clips[1] ?? "");
    for (const [at, player] of players.entries()) {
      for (const type of [8, 9]) {
        const times = player.packets.flatMap((packet) => (packet.type === type ? [packet.timestamp] : []));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
      // Not told of an end in between: the encoder came back within the grace time.
      expect(player.statuses.filter((status) => status.includes("UnpublishNotify")).length).toBe(1);
      const video = player.packets.slice(marks[at]).filter(({ type }) => type === 9);
      expect(video[0]?.payload.subarray(0, 2)).toEqual(Uint8Array.of(0x17, 0));
      const pictures = video.filter(({ payload }) => payload[1] === 1);
      expect(pictures[0] === undefined ? false : isKeyFrame(pictures[0])).toBe(true);
      expect(pictures.length).toBeGreaterThan(sent.filter(({ track }) => track === "video").length / 2);
    }
    const hashes = new Set(sent.map(({ hash }) => hash));
    const after = framesOf(viewer.lines.slice(linesBefore)).filter(({ hash }) => hashes.has(hash));
    expect(after.filter(({ track }) => track === "video").length).toBeGreaterThan(100);
  },
);

test.concurrent("a publisher that sends nothing gets the reason of its disconnection, and its players are notified after the grace time", async () => {
  await using stage = new Stage();
  const timeouts = "[vhost.__defaultVhost__.publish]\nfirstpkt_timeout = 5000\nnormal_timeout = 1000\ngrace = 1";
  const server = await startSrs(stage, "server", { more: timeouts });
  const player = await Client.play(stage, { port: server.port }, "livestream");
  const silent = await Client.publish(stage, { port: server.port }, "livestream");
  expect(await silent.status("NetStream.Publish.Idle")).toInclude("firstpkt_timeout");
  await silent.end();
  const stalled = await Client.publish(stage, { port: server.port }, "livestream");
  stalled.send(9, 0, avcHeader);
  stalled.send(9, 0, avcFrame(true, 1));
  expect(await stalled.status("NetStream.Publish.Idle")).toInclude("normal_timeout");
  await stalled.end();
  await player.status("NetStream.Play.UnpublishNotify");
  expect(player.packets.filter(isKeyFrame).length).toBe(1);
});
