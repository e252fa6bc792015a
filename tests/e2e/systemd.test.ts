import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import type { Program } from "../support/e2e/program.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { HeldSocket } from "../support/held-socket.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";
import { NotifyReceiver } from "../support/notify-receiver.ts";
import { local } from "../vectors/certificates.ts";

const file = "tests/e2e/systemd.test.ts";
const test = testWith(file);
const testActivated = testWith(file, "FFmpeg", "systemd");

/** An end that systemd would have, for as long as a test runs. */
function receiver(stage: Stage): { path: string; messages: () => readonly string[] } {
  const path = stage.path("notify");
  const end = new NotifyReceiver(path);
  stage.defer(() => end[Symbol.dispose]());
  return { path, messages: () => end.messages };
}

test.concurrent("a server notifies systemd when it is ready, reloads, and stops", async () => {
  await using stage = new Stage();
  const { path, messages } = receiver(stage);
  const server = await startSrs(stage, "server", { env: { NOTIFY_SOCKET: path } });
  await until("READY=1", () => messages().length > 0);
  expect(messages()[0]).toBe("READY=1\nSTATUS=no connections");

  server.program.signal("SIGHUP");
  const reload = () => messages().findIndex((message) => message.startsWith("RELOADING=1"));
  await until("a reload", () => reload() > 0 && messages().length > reload() + 1);
  const [reloading, again] = messages().slice(reload());
  const [, usec] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reloading$/.exec(reloading ?? "") ?? [];
  // systemd takes the answer to its signal by this time: it must be the kernel's.
  expect(Math.abs(Number(usec) / 1e6 - (await uptime()))).toBeLessThan(60);
  expect(again).toBe("READY=1\nSTATUS=reloaded");

  stage.write("server.toml", "nonsense");
  server.program.signal("SIGHUP");
  await until("the refusal", () => messages().at(-1) === "READY=1\nSTATUS=reload refused, all goes on as before");

  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
  expect(messages().at(-1)).toBe("STOPPING=1\nSTATUS=stopping");
});

async function uptime(): Promise<number> {
  return Number.parseFloat(await Bun.file("/proc/uptime").text());
}

test.concurrent("a server that can't start never notifies systemd that it is ready", async () => {
  await using stage = new Stage();
  const { path, messages } = receiver(stage);
  const conf = stage.write("server.toml", 'listen = "192.0.2.1:1935"\n');
  const program = stage.start("server", [executable(), "--conf", conf], { env: { NOTIFY_SOCKET: path } });
  expect(await program.ended()).toBe(1);
  expect(messages()).toEqual([]);
});

const testHolding = process.getuid?.() === 0 ? test : test.skip;
if (testHolding !== test) process.stdout.write(`skipped: ${file} needs root to stop one thread of a server\n`);

testHolding.concurrent(
  "the watchdog hears from a server that runs, and nothing from one that stands still",
  async () => {
    await using stage = new Stage();
    const { path, messages } = receiver(stage);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" };
    const { program } = await startSrs(stage, "server", { env });
    const beats = () => messages().filter((message) => message === "WATCHDOG=1").length;
    await until("ten beats", () => beats() >= 10);
    // All threads but the event loop's go on: none of them may answer in its place.
    await stopEventLoop(stage, program);
    const before = beats();
    await Bun.sleep(1000);
    expect(beats()).toBe(before);
  },
);

/** Stops the thread of the event loop alone, by a debugger's means. */
async function stopEventLoop(stage: Stage, { pid }: Program): Promise<void> {
  const holder = stage.start("holder", [
    process.execPath,
    `${import.meta.dir}/../support/programs/hold-thread.ts`,
    String(pid),
  ]);
  await holder.line(/^held$/);
}

test.concurrent("a server with a busy event loop keeps notifying the watchdog", async () => {
  await using stage = new Stage();
  const { path, messages } = receiver(stage);
  const server = await startSrs(stage, "server", { env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "400000" } });
  let over = false;
  const visitors = Array.from({ length: 10 }, async () => {
    while (!over) (await Client.connect(stage, { port: server.port })).abort();
  });
  await until("ten beats", () => messages().filter((message) => message === "WATCHDOG=1").length >= 10);
  over = true;
  await Promise.all(visitors);
});

/** A server that gets listening sockets of this test's on these hosts, as from systemd, which keeps them open. */
async function activated(stage: Stage, listen: string, hosts: readonly string[], names = "rtmp") {
  const sockets = hosts.map((host) => new HeldSocket(host));
  stage.defer(() => {
    for (const socket of sockets) socket[Symbol.dispose]();
  });
  const ports = sockets.map(({ port }) => port);
  const conf = stage.write(
    "server.toml",
    ports.reduce((toml, port, at) => toml.replace(`PORT${at}`, String(port)), listen),
  );
  const start = (name: string) => {
    // The shell's process becomes the server's.
    const shell = 'export LISTEN_PID=$$; exec "$0" --conf "$1"';
    const env = { LISTEN_FDS: String(hosts.length), LISTEN_FDNAMES: names };
    const descriptors = sockets.map(({ fd }) => fd);
    return stage.start(name, ["sh", "-c", shell, executable(), conf], { env, descriptors });
  };
  const program = start("server");
  await program.line(/listening/);
  return { program, ports, start };
}

test.concurrent("an inherited socket in http_server.listen accepts HTTP", async () => {
  await using stage = new Stage();
  const toml = 'listen = "127.0.0.1:0"\n[http_server]\nlisten = "127.0.0.1:PORT0"';
  const { program, ports } = await activated(stage, toml, ["127.0.0.1"]);
  await program.line(/listening http=/);
  expect((await fetch(`http://127.0.0.1:${ports[0]}/readyz`)).status).toBe(200);
  expect(program.count(/that listen does not name/)).toBe(0);
});

test.concurrent("an inherited socket is used for the equal address in listen", async () => {
  await using stage = new Stage();
  const { program, ports } = await activated(stage, 'listen = ["127.0.0.1:PORT0", "127.0.0.1:0"]', ["127.0.0.1"]);
  const [port = 0] = ports;
  await program.line(new RegExp(`INFO +socket of systemd listen=127\\.0\\.0\\.1:${port} name=rtmp$`));
  await until("both listen", () => program.count(/listening rtmp=127\.0\.0\.1:\d+/) === 2);
  const publisher = await Client.publish(stage, { port }, "show");
  const player = await Client.play(stage, { port }, "show");
  publisher.send(9, 0, Uint8Array.of(0x17, 1, 0, 0, 0, 1, 2, 3));
  await player.packet("the picture", ({ type }) => type === 9);
  expect(program.count(/WARN/)).toBe(0);
  // Closed in children, O_CLOEXEC.
  const [, flags = ""] = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/${program.pid}/fdinfo/3`, "utf8")) ?? [];
  expect(Number.parseInt(flags, 8) & 0o2000000).toBe(0o2000000);
});

test.concurrent("a client that comes while the server restarts waits and is served by the next one", async () => {
  await using stage = new Stage();
  const { program, ports, start } = await activated(stage, 'listen = "127.0.0.1:PORT0"', ["127.0.0.1"]);
  const [port = 0] = ports;
  program.signal("SIGTERM");
  expect(await program.ended()).toBe(0);
  const player = Client.connect(stage, { port });
  const next = start("next");
  await (await player).startPlay("show");
  await next.line(/play started/);
});

test.concurrent("an inherited socket in rtmps.listen accepts TLS", async () => {
  await using stage = new Stage();
  const [cert, key] = [stage.write("a.crt", local.cert), stage.write("a.key", local.key)];
  const rtmps = `[rtmps]\nlisten = "127.0.0.1:PORT1"\ncert = "${cert}"\nkey = "${key}"\n`;
  const listen = `listen = "127.0.0.1:PORT0"\n${rtmps}`;
  const { program, ports } = await activated(stage, listen, ["127.0.0.1", "127.0.0.1"], "rtmp:rtmps");
  await until("both listen", () => program.count(/listening/) === 2);
  expect(program.count(/WARN +socket/)).toBe(0);
  const opened = Promise.withResolvers<boolean>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: ports[1] ?? 0,
    tls: { rejectUnauthorized: false },
    socket: { data() {}, handshake: (_socket, ok) => opened.resolve(ok), close: () => opened.resolve(false) },
  });
  expect(await opened.promise).toBe(true);
  socket.end();
});

const hasIpv6 = networkInterfaces().lo?.some(({ address }) => address === "::1") === true;
if (!hasIpv6) process.stdout.write(`skipped: ${file} needs IPv6 on loopback\n`);

test.skipIf(!hasIpv6)("inherited IPv6 sockets are used for their addresses, and for every address", async () => {
  await using stage = new Stage();
  const { program, ports } = await activated(stage, 'listen = ["[::1]:PORT0", PORT1]', ["::1", "::"]);
  await until("both listen", () => program.count(/listening rtmp=/) === 2);
  expect(program.count(/INFO +socket of systemd listen=\[::1?\]:\d+/)).toBe(2);
  expect(program.count(/WARN/)).toBe(0);
  await Client.connect(stage, { port: ports[1] ?? 0 });
});

test.concurrent("an inherited socket of every address is used for the same in listen; one that listen does not name is used with a warning", async () => {
  await using stage = new Stage();
  const { program, ports } = await activated(stage, "listen = PORT0", ["0.0.0.0", "127.0.0.1"], "a:b");
  await program.line(
    new RegExp(`WARN +socket of systemd that listen does not name.* listen=127\\.0\\.0\\.1:${ports[1]} name=b`),
  );
  await until("both listen", () => program.count(/listening rtmp=/) === 2);
  for (const port of ports) await Client.connect(stage, { port });
});

test.concurrent("a reload that no longer names an inherited socket leaves it in use and says so", async () => {
  await using stage = new Stage();
  const { program, ports } = await activated(stage, 'listen = "127.0.0.1:PORT0"', ["127.0.0.1"]);
  const [port = 0] = ports;
  const first = await Client.connect(stage, { port });
  const warnings = /WARN +socket of systemd that listen does not name/;
  for (const [at, listen] of [`"127.0.0.1:0"`, `["127.0.0.1:${port}", "127.0.0.1:0"]`].entries()) {
    stage.write("server.toml", `listen = ${listen}`);
    program.signal("SIGHUP");
    await until("a reload", () => program.count(/configuration reloaded/) === at + 1);
    expect(program.count(warnings)).toBe(1);
    await Client.connect(stage, { port });
  }
  expect(first.closed).toBe(false);
});

test.concurrent("an inherited socket that does not listen ends the start with one clear line and status 1", async () => {
  await using stage = new Stage();
  const conf = stage.write("server.toml", 'listen = "127.0.0.1:0"');
  const start = 'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=x; exec "$0" --conf "$1" 3</dev/null';
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-c", start, executable(), conf], { timeout: WAIT_LIMIT_MS });
  expect(exitCode).toBe(1);
  expect(stderr.toString()).toMatch(
    /^srs: the socket "x" \(descriptor 3\) of systemd is not a listening TCP socket[^\n]*\n$/,
  );
});

test.concurrent("sockets that systemd has passed to another process are left alone", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { env: { LISTEN_FDS: "1", LISTEN_PID: "1", LISTEN_FDNAMES: "x" } });
  expect(server.program.count(/socket of systemd/)).toBe(0);
});

testActivated.concurrent(
  "systemd's own activation: the first player starts the server and is served by it",
  async () => {
    await using stage = new Stage();
    const port = await deadPort();
    const conf = stage.write("server.toml", `listen = "127.0.0.1:${port}"\n`);
    const call = ["systemd-socket-activate", "--fdname=rtmp", "-l", `127.0.0.1:${port}`, executable(), "--conf", conf];
    const program = stage.start("server", call);
    await program.line(/Listening on/);
    const player = playFrames(stage, `rtmp://127.0.0.1:${port}/live/show`);
    await program.line(/play started/);
    publishClip(stage, clip({ seconds: 2 }), `rtmp://127.0.0.1:${port}/live/show`);
    expect(await player.ended()).toBe(0);
    expect(framesOf(player.lines).length).toBeGreaterThan(60);
  },
);
