import { expect } from "bun:test";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Client } from "../support/e2e/client.ts";
import { executable } from "../support/e2e/executable.ts";
import { HookBackEnd } from "../support/e2e/hook-back-end.ts";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { Wire } from "../support/e2e/wire.ts";
import { NotifyReceiver } from "../support/notify-receiver.ts";

const test = testWith("tests/e2e/upgrade.test.ts");

/** Process id of the server that has the pid file; it ends with the test, whoever started it. */
function youngest(stage: Stage): number {
  return adopted(stage, readFileSync(stage.path("server.pid"), "utf8"));
}

/** A process that ends with the test. Nothing but a whole number may name it: 0 would be the test's own group. */
function adopted(stage: Stage, written: string | undefined): number {
  const pid = Number(/^[1-9]\d*/.exec(written ?? "")?.[0]);
  expect(pid).toBeGreaterThan(1);
  stage.defer(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  });
  return pid;
}

/** Upgrades a server; the process id of its new process. */
async function upgrade(server: ReloadServer): Promise<number> {
  const { exitCode, out, err } = await server.run("upgrade");
  const pid = youngest(server.stage);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  expect(out).toBe(`upgraded: server ${pid} accepts clients, server ${server.program.pid} drains\n`);
  return pid;
}

const PLAYERS = 1000;
const PUBLISHERS = 20;

test.concurrent("an upgrade under 1,000 players and 20 publishers fails no connect, and disconnects no client", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "max_connections = 2000");
  const bench = (name: string, ...words: readonly string[]) =>
    stage.start(name, [executable(), "bench", ...words, ..."--seconds 300 --json".split(" ")]);
  const encoders = bench("encoders", "publish", server.url("live/s{}"), ..."-n 20 --kbps 64 --fps 10".split(" "));
  await until("all publish", () => server.program.count(/publish started/) === PUBLISHERS);
  const crowd = bench("crowd", "play", server.url("live/s0"), ..."-n 1000 --rate 1000 --check 10".split(" "));
  await until("all play", () => server.program.count(/play started/) === PLAYERS);

  // Some connect all the time, before, while and after the old process hands over.
  let [connected, stopped] = [0, false];
  const failures: unknown[] = [];
  const visitors = Array.from({ length: 10 }, async () => {
    while (!stopped) {
      try {
        (await Client.connect(stage, { port: server.port })).abort();
        connected++;
      } catch (error) {
        failures.push(error);
      }
    }
  });
  await until("some have connected", () => connected > 20);
  await upgrade(server);
  const before = connected;
  await until("others connect", () => connected > before + 20);
  stopped = true;
  await Promise.all(visitors);
  expect(failures).toEqual([]);

  // Each stream plays from the new process, too; those of the old one are all there.
  const late = await Promise.all(
    Array.from({ length: PUBLISHERS }, (_, at) => Client.play(stage, { port: server.port }, `s${at}`)),
  );
  for (const client of late) await client.packet("a key frame", ({ type, payload }) => type === 9 && payload[1] === 1);
  expect(server.program.count(/play ended/)).toBe(0);
  expect(server.program.count(/publish ended/)).toBe(0);
  crowd.signal("SIGINT");
  expect(await crowd.ended()).toBe(0);
  const report = JSON.parse(crowd.lines.find((line) => line.startsWith("{")) ?? "{}");
  expect(report).toMatchObject({
    problems: [],
    players: { connected: PLAYERS, failed: 0, lost: { video: 0, audio: 0 } },
  });
  encoders.signal("SIGINT");
  expect(await encoders.ended()).toBe(0);
  expect(await server.program.ended()).toBe(0);
  await late[0]?.status("NetStream.Play.UnpublishNotify");
});

test.concurrent("a publisher reconnects to the new process: viewers of both processes continue, and the target has one copy", async () => {
  await using stage = new Stage();
  const target = await startSrs(stage, "target");
  const server = await ReloadServer.start(stage, `[vhost.__defaultVhost__]\n${forwardTo(target)}`);
  const [publisher, old] = [await server.publish(), await server.play()];
  sendGop(publisher, 1, 2);
  await target.program.line(/publish started/);
  await upgrade(server);

  const young = await server.play();
  await picture(young, 1);
  sendGop(publisher, 3, 2);
  for (const player of [old, young]) await picture(player, 4);
  expect(target.program.count(/publish started/)).toBe(1);

  // Somebody else may not take its name meanwhile.
  await expect(server.publish()).rejects.toThrow(/already being published/);

  publisher.abort();
  const again = await server.publish();
  sendGop(again, 5, 2);
  for (const player of [old, young]) await picture(player, 6);
  expect([...old.statuses, ...young.statuses].join()).not.toInclude("Unpublish");
  await until("the target has it again", () => target.program.count(/publish started/) === 2);
  expect(target.program.count(/refused/)).toBe(0);
  const viewer = await Client.play(stage, { port: target.port }, "show");
  sendGop(again, 7, 1);
  await picture(viewer, 7);

  old.abort();
  expect(await server.program.ended()).toBe(0);
  sendGop(again, 8, 1);
  await picture(young, 8);
});

test.concurrent("an encoder whose cable was pulled has its stream again at the new process, though its connection to the old one seems open", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "[vhost.__defaultVhost__.publish]\nnormal_timeout = 86_400_000");
  const wire = new Wire(stage, server.port);
  const [publisher, old] = [await Client.publish(stage, { port: wire.port }, "show"), await server.play()];
  sendGop(publisher, 1, 2);
  await picture(old, 2);
  await upgrade(server);
  const young = await server.play();
  await picture(young, 2);

  wire.cut();
  // As encoders do, it tries again when it comes so soon that the last picture still shows that it is alive.
  const again = await until("the encoder is back", () => server.publish().catch(() => undefined));
  sendGop(again, 3, 2);
  for (const player of [old, young]) await picture(player, 4);
  expect([...old.statuses, ...young.statuses].join()).not.toInclude("Unpublish");
  expect(server.program.count(/refused .*now published by another connection/)).toBe(1);
});

test.concurrent("a back end decides about a client while its server is upgraded, and never gets one id for two clients", async () => {
  await using stage = new Stage();
  const backEnd = new HookBackEnd(stage);
  const hooks = backEnd.hooks(["on_connect", "on_publish", "on_play", "on_stop", "on_close"]);
  const server = await ReloadServer.start(stage, hooks);
  const publisher = await server.publish();
  const decided = Promise.withResolvers<undefined>();
  backEnd.answer = ({ body }) => (body.action === "on_play" ? decided.promise : undefined);
  const waiting = server.play();
  const { client_id: waited } = await backEnd.event("on_play");
  await upgrade(server);
  decided.resolve(undefined);
  const [old, young] = [await waiting, await server.play()];
  sendGop(publisher, 1, 1);
  for (const player of [old, young]) await picture(player, 1);
  old.abort();
  await backEnd.event("on_close");
  expect(backEnd.bodies("on_stop").map(({ client_id: id }) => id)).toEqual([waited]);
  const ids = backEnd.bodies("on_connect").map(({ client_id: id }) => id);
  expect(new Set(ids).size).toBe(3);
  expect(backEnd.problems).toEqual([]);
});

test.concurrent("a new server that can't start changes nothing, and a second upgrade waits for the first", async () => {
  await using stage = new Stage();
  const [other, server] = [await startSrs(stage, "other"), await ReloadServer.start(stage, "")];
  const [publisher, player] = [await server.publish(), await server.play()];
  server.write(`listen = ["127.0.0.1:0", "127.0.0.1:${other.port}"]`);
  const failed = await server.run("upgrade");
  expect(failed).toMatchObject({ exitCode: 1, out: "" });
  const why = `cannot listen on 127.0.0.1:${other.port}: address already in use; is another server running? Stop it or change listen`;
  expect(failed.err).toBe(`the new server did not start (status 1): ${why}\nnot upgraded: all goes on as before\n`);
  await server.program.line(new RegExp(`cannot listen on 127.0.0.1:${other.port}`));
  expect(youngest(stage)).toBe(server.program.pid);
  sendGop(publisher, 1, 1);
  await picture(player, 1);
  (await Client.connect(stage, { port: server.port })).abort();

  server.write("");
  await upgrade(server);
  const early = await server.run("upgrade");
  expect(early).toMatchObject({ exitCode: 1, out: "" });
  expect(early.err).toInclude(`wait for server ${server.program.pid}, which still drains`);
  for (const client of [publisher, player]) client.abort();
  expect(await server.program.ended()).toBe(0);
  expect(await server.run("reload")).toMatchObject({ exitCode: 0 });
  expect((await server.run("upgrade")).exitCode).toBe(0);
  youngest(stage);
});

test.concurrent("the end of the drain closes the old process's clients, and viewers of their streams at the new process wait for them", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "drain_timeout = 10");
  const [publisher, old] = [await server.publish(), await server.play()];
  sendGop(publisher, 1, 1);
  await upgrade(server);
  const young = await server.play();
  await picture(young, 1);
  await Promise.all([publisher.end(), old.end()]);
  expect(await server.program.ended()).toBe(0);
  sendGop(await server.publish(), 2, 1);
  await picture(young, 2);
  expect(young.statuses.join()).not.toInclude("Unpublish");
});

test.concurrent("an upgrade starts only the program at the server's own path, which clients can't choose", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  const other = stage.path("other");
  linkSync(executable(), other);
  const { exitCode, out, err } = await server.run("upgrade", other);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
  expect(err.split("\n")[0]).toBe(
    `this server runs ${executable()}, not ${other}: put the new program in its place, then upgrade`,
  );
  await server.play();
});

test.concurrent("an upgrade starts the program at the path from which the server was started, even if the old file was moved", async () => {
  await using stage = new Stage();
  const program = stage.path("srs");
  linkSync(executable(), program);
  const server = await ReloadServer.start(stage, "", "server", program);
  renameSync(program, stage.path("srs.old"));
  linkSync(executable(), program);
  expect(await server.run("upgrade", program)).toMatchObject({ exitCode: 0, err: "" });
  youngest(stage);
  expect(await server.program.ended()).toBe(0);
});

test.concurrent("SIGHUP upgrades when the program's file has been replaced, also without a pid file", async () => {
  await using stage = new Stage();
  const program = stage.path("srs");
  linkSync(executable(), program);
  const conf = stage.write("plain.toml", 'listen = "127.0.0.1:0"');
  using systemd = new NotifyReceiver(stage.path("notify"));
  const env = { RUNTIME_DIRECTORY: stage.directory, NOTIFY_SOCKET: stage.path("notify") };
  const server = stage.start("server", [program, "--conf", conf], { env });
  const port = Number(/:(\d+)$/.exec(await server.line(/listening/))?.[1]);
  server.signal("SIGHUP");
  await server.line(/configuration reloaded/);
  rmSync(program);
  writeFileSync(program, "no program");
  server.signal("SIGHUP");
  await server.line(/not upgraded.*cannot run .*\/srs: permission denied/);
  // Nobody waits for it any more.
  expect(readdirSync(stage.directory).filter((name) => /^srs-.*sock/.test(name))).toEqual([]);
  rmSync(program);
  linkSync(executable(), program);
  server.signal("SIGHUP");
  adopted(stage, /pid=(\d+)/.exec(await server.line(/succeeded by the new process/))?.[1]);
  expect(await server.ended()).toBe(0);
  await Client.connect(stage, { port });
  // The old one speaks for the unit until it names the new one, and not after.
  const said = systemd.messages
    .filter((message) => !message.startsWith("STATUS="))
    .map((message) => message.replaceAll(/(USEC|PID)=\d+/g, "$1=N").split("\nSTATUS=")[0]);
  const reloading = "RELOADING=1\nMONOTONIC_USEC=N";
  expect(said.slice(-5)).toEqual(["READY=1", reloading, "READY=1", reloading, "READY=1\nMAINPID=N"]);
});

test.concurrent("SIGUSR2 upgrades, and the new process has the configuration that came on standard input", async () => {
  await using stage = new Stage();
  const conf = stage.write("server.toml", 'listen = "127.0.0.1:0"\nmax_connections = 123\n[log]\nlevel = "debug"\n');
  const server = stage.start("server", ["sh", "-c", 'exec "$0" --conf - < "$1"', executable(), conf]);
  const port = Number(/:(\d+)$/.exec(await server.line(/ listening rtmp=/))?.[1]);
  server.signal("SIGHUP");
  await server.line(/configuration refused .*standard input/);
  server.signal("SIGUSR2");
  adopted(stage, / starting the new process pid=(\d+)/.exec(await server.line(/ starting the new process /))?.[1]);
  await server.line(/ succeeded by the new process /);
  expect(await server.ended()).toBe(0);
  // On a port that the system has chosen, only the new process can be reached.
  await Client.connect(stage, { port });
});
