import { expect } from "bun:test";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/drain.test.ts");

test.concurrent("SIGQUIT lets connected clients continue, refuses new ones, and ends the server with the last connection", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge");
  const server = await ReloadServer.start(stage, `[vhost.__defaultVhost__]\n${forwardTo(edge)}`);
  const [publisher, player, idle] = [await server.publish(), await server.play(), await server.play("other")];
  sendGop(publisher, 1, 1);
  await edge.program.line(/publish started/);
  server.program.signal("SIGQUIT");
  await server.program.line(/draining: accepts no new connections signal=SIGQUIT connections=3 drain_timeout=3600/);
  expect(await server.isRefused()).toBe(true);
  expect((await server.run("reload")).err).toInclude("no server runs");

  // Somebody who is there may even begin something new.
  sendGop(publisher, 2, 1);
  await picture(player, 2);
  idle.abort();
  const second = await player.createStream();
  player.say(second, "play", null, "other", -2000);
  await server.program.line(/play started .*other/);
  sendGop(publisher, 3, 1);
  await picture(player, 3);
  player.abort();
  await publisher.stopPublish("show", 1);
  await edge.program.line(/publish ended addr/);
  expect(server.program.running).toBe(true);
  publisher.abort();
  expect(await server.program.ended()).toBe(0);
  await server.program.line(/drained: the last connection has left/);
  expect(server.program.lines.at(-1)).toEndWith("INFO  stopped");
});

test.concurrent("after drain_timeout, the remaining clients get the reason, and the server ends", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "drain_timeout = 1");
  const [publisher, player] = [await server.publish(), await server.play()];
  sendGop(publisher, 1, 1);
  await picture(player, 1);
  server.program.signal("SIGQUIT");
  await player.status("NetStream.Play.UnpublishNotify");
  expect(await server.program.ended()).toBe(0);
  expect(server.program.count(/drain_timeout is over; the connections that are left are closed drain_timeout=1/)).toBe(
    1,
  );
});

test.concurrent("SIGTERM ends a drain early, when another server may have the port and the pid file already", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  const player = await server.play();
  server.program.signal("SIGQUIT");
  await server.program.line(/draining/);
  const next = await ReloadServer.start(stage, `listen = "127.0.0.1:${server.port}"`, "server");
  expect(await next.isRefused()).toBe(false);
  expect(player.closed).toBe(false);
  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
  expect(server.program.count(/drain cut short signal=SIGTERM/)).toBe(1);
  expect(await next.run("reload")).toMatchObject({ exitCode: 0 });
});
