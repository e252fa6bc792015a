import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort, startTarget } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/faults.test.ts", "FFmpeg");

const whole = { fromKey: true, runs: 1, toEnd: true, foreign: 0 };

test.concurrent("an edge that is killed and restarted gets the stream again, and players of other edges miss nothing", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 24 });
  const [victim, ...others] = await Promise.all(["victim", "edge-2", "edge-3"].map((name) => startSrs(stage, name)));
  if (victim === undefined) throw new Error("no edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(victim, ...others) });
  const encoder = publishClip(stage, source, origin.url("live/livestream"));
  const servers = [origin, ...others];
  await origin.program.line(/forward running/);
  const players = servers.map((server, at) => playFrames(stage, server.url("live/livestream"), `player ${at}`));
  await Promise.all(players.map((player) => playedTo(player, 2000)));

  await victim.program.kill();
  await origin.program.line(new RegExp(`forward (lost|failed) to=127\\.0\\.0\\.1:${victim.port}`));
  const again = await startSrs(stage, "victim again", { port: victim.port });
  await again.program.line(/publish started/);
  const player = playFrames(stage, again.url("live/livestream"), "player of the new edge");
  await player.line(/^0, /);

  expect(await encoder.ended()).toBe(0);
  const sent = fileFrames(source);
  for (const each of [...players, player]) {
    expect(await each.ended()).toBe(0);
    const got = framesOf(each.lines);
    expect({ name: each.name, ...compare(sent, got, "video") }).toMatchObject(whole);
    expect({ name: each.name, ...compare(sent, got, "audio") }).toMatchObject({ ...whole, fromKey: false });
  }
});

test.concurrent("a player of an edge continues when the origin is killed and restarted", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 8 });
  const edge = await startSrs(stage, "edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
  publishClip(stage, source, origin.url("live/livestream"), { name: "encoder" });
  const player = await Client.play(stage, { port: edge.port }, "livestream");
  await player.packet("a second of it", ({ type, timestamp }) => type === 9 && timestamp > 1000);
  await origin.program.kill();
  await edge.program.line(/publish ended, publisher lost/);
  const before = player.packets.length;
  const again = await startSrs(stage, "origin again", { port: origin.port, vhost: forwardTo(edge) });
  publishClip(stage, source, again.url("live/livestream"), { name: "encoder again" });
  await player.packet("another second", ({ type, timestamp }) => type === 9 && timestamp > 2500, before);
  for (const type of [8, 9]) {
    const times = player.packets.flatMap((packet) => (packet.type === type ? [packet.timestamp] : []));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
  expect(player.statuses.join("\n")).not.toInclude("UnpublishNotify");
});

test.concurrent("targets that never read, never answer or do not exist cost other targets nothing and the origin little", async () => {
  await using stage = new Stage();
  // 16 Mbit/s: what the kernel takes for a target that doesn't read is soon full.
  const source = clip({ seconds: 36, size: "640x360", bitrate: 16_000 });
  const deaf = await startTarget(stage, "publishes");
  const mute = await startTarget(stage, "says nothing");
  const edge = await startSrs(stage, "edge");
  const dead = `127.0.0.1:${await deadPort()}`;
  const targets = forwardTo(`127.0.0.1:${deaf.port}`, `127.0.0.1:${mute.port}`, dead, "no-such-host.invalid", edge);
  const origin = await startSrs(stage, "origin", { vhost: `${targets}\nqueue_length = 3` });
  const encoder = publishClip(stage, source, origin.url("live/livestream"));
  await edge.program.line(/publish started/);
  const players = [origin, edge].map((server) => playFrames(stage, server.url("live/livestream"), "player"));
  await until("the deaf target is published to", () => deaf.published > 0);
  await Promise.all(players.map((player) => playedTo(player, 3000)));
  const early = origin.program.rss();

  expect(await encoder.ended()).toBe(0);
  const late = origin.program.rss();
  const sent = fileFrames(source);
  for (const player of players) {
    // Not its end: FFmpeg's goodbye is lost when it closes with something unread, as it may at this rate.
    await playedTo(player, 35_800);
    expect(compare(sent, framesOf(player.lines), "video")).toMatchObject({ ...whole, toEnd: expect.any(Boolean) });
  }
  // A queue of 3 s is 6 MB; the whole stream was 72 MB. The collector's slack is the rest.
  expect(late - early).toBeLessThan(60);
  expect(late).toBeLessThan(250);

  await origin.program.line(/WARN .*forward (lost|failed) to=.*taken nothing for/);
  await origin.program.line(new RegExp(`WARN .*forward failed to=127\\.0\\.0\\.1:${mute.port} .*no answer`));
  await origin.program.line(new RegExp(`WARN .*forward failed to=${dead} .*connection refused`));
  await origin.program.line(/WARN .*forward failed to=no-such-host\.invalid:1935 .*host name/);
  // What fails the same way again and again is told once.
  expect(origin.program.count(new RegExp(`forward failed to=${dead}`))).toBe(1);
  expect(origin.program.count(/forward (lost|failed)/)).toBeLessThan(12);
  await until("every relay ends", () => origin.program.count(/forward ended/) === 5);
});

test.concurrent("servers that forward to each other, or to themselves, refuse the loop with a reason and continue", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 8 });
  // A server must know the other's port before it has one.
  const ports = [await deadPort(), await deadPort()];
  const here = `127.0.0.1:${ports[0]}`;
  const there = `127.0.0.1:${ports[1]}`;
  const a = await startSrs(stage, "a", { port: ports[0] ?? 0, vhost: forwardTo(there, here) });
  const b = await startSrs(stage, "b", { port: ports[1] ?? 0, vhost: forwardTo(here) });
  const encoder = publishClip(stage, source, a.url("live/livestream"));
  await b.program.line(/publish started/);
  const player = playFrames(stage, b.url("live/livestream"));
  await encoder.whileStopped(() => b.program.line(/play started/));

  const loop = /forward failed .*error="refused: forward loop: the stream has passed through this server already/;
  await a.program.line(loop);
  await b.program.line(loop);
  expect(await encoder.ended()).toBe(0);
  expect(await player.ended()).toBe(0);
  expect(compare(fileFrames(source), framesOf(player.lines), "video")).toMatchObject(whole);
  // Asked again a few times, ever more slowly; told once.
  expect(a.program.count(/connect refused/)).toBeLessThanOrEqual(12);
  for (const { program } of [a, b]) expect(program.count(/forward failed/)).toBe(1);
});
