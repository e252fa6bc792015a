import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { askControl } from "../../src/io/net/control.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { executable } from "../support/e2e/executable.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";

const test = testWith("tests/e2e/reload.test.ts");
const testWithFfmpeg = testWith("tests/e2e/reload.test.ts", "FFmpeg");

const RELOADS = 1000;

const forwardTo = (...targets: readonly ReloadServer[]) =>
  `[vhost.__defaultVhost__]\nforward = ${JSON.stringify(targets.map(({ port }) => `127.0.0.1:${port}`))}`;

testWithFfmpeg.concurrent("targets come and go while FFmpeg publishes: the other target misses nothing", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 30 });
  const [kept, other] = [await ReloadServer.start(stage, "", "kept"), await ReloadServer.start(stage, "", "other")];
  const origin = await ReloadServer.start(stage, forwardTo(kept), "origin");
  const encoder = publishClip(stage, source, origin.url("live/show"));
  const players = [origin, kept].map(({ url, program }) =>
    playFrames(stage, url.call(program === kept.program ? kept : origin, "live/show")),
  );
  for (const player of players) await playedTo(player, 1000);
  for (let round = 1; round <= 3; round++) {
    await origin.reload(forwardTo(kept, other));
    await until("it comes to the target", () => other.program.count(/publish started/) === round);
    await origin.reload(forwardTo(kept));
    await until("it leaves the target", () => other.program.count(/publish ended addr/) === round);
  }
  // As a person does who ends it by Ctrl-C.
  encoder.signal("SIGINT");
  await encoder.ended();
  for (const player of players) {
    expect(await player.ended()).toBe(0);
    const report = compare(fileFrames(source), framesOf(player.lines), "video");
    expect(report).toMatchObject({ fromKey: true, runs: 1, foreign: 0 });
  }
  expect(kept.program.count(/publish started/)).toBe(1);
});

test.concurrent("a broken file changes nothing, and every error is in the answer to srs reload and in the log", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  const [publisher, player] = [await server.publish(), await server.play()];
  server.write("max_connections = 1\nchunk_size = 1\n[vhost.__defaultVhost__]\ngop_cach = true");
  const answer = await server.run("reload");
  expect(answer).toMatchObject({ exitCode: 1, out: "" });
  const errors = answer.err.trim().split("\n");
  expect(errors).toEqual([
    expect.stringMatching(/server\.toml:4: chunk_size: must be/),
    expect.stringMatching(/server\.toml:6: .*gop_cach: unknown key; did you mean "gop_cache"/),
  ]);
  server.program.signal("SIGHUP");
  await server.program.line(/ERROR configuration not reloaded: all goes on as before errors=2/);
  for (const error of ["chunk_size: must be", "gop_cach: unknown key"]) {
    expect(server.program.count(new RegExp(`ERROR configuration refused error=.*${error}`))).toBe(1);
  }
  expect(await server.isRefused()).toBe(false);
  sendGop(publisher, 1, 1);
  await picture(player, 1);
});

test.concurrent("a reload with a taken port changes nothing, not even the rest of the file", async () => {
  await using stage = new Stage();
  const [taken, server] = [await ReloadServer.start(stage, "", "taken"), await ReloadServer.start(stage, "")];
  server.write(`listen = ["127.0.0.1:0", "127.0.0.1:${taken.port}"]\nmax_connections = 1`);
  const { exitCode, err } = await server.run("reload");
  expect([exitCode, err]).toEqual([
    1,
    expect.stringContaining(`cannot listen on 127.0.0.1:${taken.port}: address already in use`),
  ]);
  expect([await server.isRefused(), await server.isRefused()]).toEqual([false, false]);
});

test.concurrent("a reload ends the streams of a removed vhost with the reason, and the others continue", async () => {
  await using stage = new Stage();
  const [one, two] = ["[vhost.one]", "[vhost.two]"];
  const server = await ReloadServer.start(stage, `${one}\n${two}`);
  const [publisher, player] = [await server.publish("show?vhost=one"), await server.play("show?vhost=one")];
  const [others, viewer] = [await server.publish("show?vhost=two"), await server.play("show?vhost=two")];
  await server.reload(`${two}\n[vhost.three]`);
  for (const client of [publisher, player]) {
    expect(await client.status("NetConnection.Connect.AppShutdown")).toInclude('vhost "one" was removed');
    await client.end();
  }
  await server.publish("show?vhost=three");
  sendGop(others, 1, 1);
  await picture(viewer, 1);
});

test.concurrent("a key that needs a restart keeps its value on a reload, which logs the reason", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  stage.write("server.toml", `listen = "127.0.0.1:0"\npid = "${stage.path("another.pid")}"\nmax_connections = 1`);
  server.program.signal("SIGHUP");
  await server.program.line(/WARN +pid stays as it was until a restart: /);
  await server.program.line(/INFO +configuration reloaded changed=max_connections/);
  expect(existsSync(stage.path("another.pid"))).toBe(false);
  const { exitCode, err } = await server.run("reload");
  expect([exitCode, err]).toEqual([1, expect.stringContaining("no server runs with pid")]);
});

test.concurrent("srs reload says when no server runs, and the files of a dead server do not hinder the next", async () => {
  await using stage = new Stage();
  const first = await ReloadServer.start(stage, "");
  const conf = stage.path("server.toml");
  const pidFile = stage.path("server.pid");
  expect(readFileSync(pidFile, "utf8")).toBe(`${first.program.pid}\n`);
  await first.program.kill();
  const left = await first.run("reload");
  expect(left).toMatchObject({ exitCode: 1, out: "" });
  expect(left.err).toInclude(`(server ${first.program.pid} has left it behind)`);

  const next = stage.start("next", [executable(), "--conf", conf]);
  await next.line(/listening/);
  const third = stage.start("third", [executable(), "--conf", conf]);
  expect(await third.ended()).toBe(1);
  expect(third.lines.at(-1)).toInclude(`server ${next.pid} runs with this file`);
  expect(await first.run("reload")).toMatchObject({ exitCode: 0, out: "reloaded; changed: nothing\n" });

  next.signal("SIGTERM");
  expect(await next.ended()).toBe(0);
  expect([existsSync(pidFile), existsSync(stage.path("server.sock"))]).toEqual([false, false]);
  expect((await first.run("reload")).err).toInclude("no server runs with pid");

  stage.write("server.toml", 'listen = "127.0.0.1:0"\n');
  expect((await first.run("reload")).err).toInclude("has no pid file to find the server by");
});

test.concurrent("a thousand reloads under load lose no packet of a stream that stays", async () => {
  await using stage = new Stage();
  const other = await ReloadServer.start(stage, "", "other");
  const file = (round: number) =>
    [
      round % 2 === 0 ? 'listen = "127.0.0.1:0"' : 'listen = ["127.0.0.1:0", "127.0.0.1:0"]',
      `max_connections = ${2000 + (round % 5)}`,
      `[log]\nlevel = "${round % 3 === 0 ? "warn" : "info"}"`,
      forwardTo(...(round % 2 === 0 ? [] : [other])),
      `gop_cache = ${round % 4 < 2}`,
      `queue_length = ${10 + (round % 20)}`,
      `mw_latency = ${round % 7 === 0 ? 30 : '"auto"'}`,
      `[vhost.extra${round % 3}]`,
    ].join("\n");
  const server = await ReloadServer.start(stage, file(1));
  const bench = stage.start("bench", [
    ...[executable(), "bench", "both", server.url("live/bench"), "--json"],
    ..."-n 100 --kbps 300 --seconds 300".split(" "),
  ]);
  await until("all play", () => server.program.count(/play started/) === 100);
  for (let round = 1; round <= RELOADS; round++) {
    server.write(file(round));
    const answer = await askControl(stage.path("server.sock"), "reload", WAIT_LIMIT_MS);
    if (!answer?.includes('"ok":true')) throw new Error(`reload ${round}: ${answer}`);
  }
  bench.signal("SIGINT");
  expect(await bench.ended()).toBe(0);
  const report = JSON.parse(bench.lines.find((line) => line.startsWith("{")) ?? "{}");
  expect(report).toMatchObject({ problems: [], players: { connected: 100, corrupt: 0, lost: { video: 0, audio: 0 } } });
  expect(server.program.count(/ERROR/)).toBe(0);
});
