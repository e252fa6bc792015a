import { expect } from "bun:test";
import { executable } from "../support/e2e/executable.ts";
import { FlvViewer } from "../support/e2e/flv-viewer.ts";
import { urisOf } from "../support/e2e/hls.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until, within } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/api.test.ts");

const API = '[http_api]\nlisten = "127.0.0.1:0"\n';
/** Nobody listens there. */
const DEAD = "127.0.0.1:1";

/** Runs `srs …` with the file of a server. */
async function srs(server: ReloadServer, ...words: readonly string[]) {
  const conf = server.stage.path(`${server.program.name}.toml`);
  const child = Bun.spawn([executable(), ...words, "--conf", conf], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { exitCode: await child.exited, out, err };
}

/** Calls the API of a server. */
async function apiOf(server: ReloadServer) {
  const port = await httpPort(server.program, "api");
  const call = async (path: string, method = "GET", body?: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, { method, ...(body && { body }) });
    // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes
    return { status: answer.status, json: (await answer.json()) as any };
  };
  return { port, call };
}

test.concurrent("an operator sees in the terminal what is wrong, and changes it there", async () => {
  await using stage = new Stage();
  const toml = `${API}[vhost.__defaultVhost__]\nforward = "${DEAD}"\n[vhost.__defaultVhost__.publish]\non_conflict = "standby"\n[vhost.edge.edge]\norigin = "${DEAD}"`;
  const server = await ReloadServer.start(stage, toml);
  const { call, port } = await apiOf(server);
  const publisher = await server.publish();
  sendGop(publisher, 0, 5);
  sendGop(publisher, 5, 5);
  const spare = await server.publish();
  await server.program.line(/standby|stands by/);
  const player = await server.play();
  await until("a picture", () => player.packets.length > 2 || undefined);
  await server.program.line(/forward failed/);
  const [stream] = (await call("streams")).json.streams;
  const clients = (await call("clients?count=100")).json.clients;
  const [forward] = (await call("forwards")).json.forwards;
  expect((await srs(server, "status")).out).toContain("sources that stand by:");
  // Whether it is well.
  const health = await srs(server, "status", "--check");
  expect([health.exitCode, health.err.includes("fails: connection refused")]).toEqual([1, true]);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/srs_relay_up\{flow="push",to="127\.0\.0\.1:1".*\} 0/);
  expect(metrics).toContain('srs_stream_viewers{vhost="__defaultVhost__",app="live",stream="show"} 1');

  // A source is chosen, a forward paused, a target added and removed, a viewer sent away.
  const spareId = stream.sources[1].id;
  expect((await srs(server, "switch", "/live/show", spareId)).out).toContain(`comes from ${spareId}`);
  expect((await call("streams")).json.streams[0].publish.cid).toBe(spareId);
  expect((await srs(server, "forward", "pause", forward.id)).exitCode).toBe(0);
  expect((await call("forwards")).json.forwards[0].state).toBe("paused");
  expect((await srs(server, "forward", "resume", forward.id)).exitCode).toBe(0);
  expect((await srs(server, "forward", "add", "rtmp://127.0.0.1:2/live/a-secret-key")).out).toContain(
    "t1 rtmp://127.0.0.1:2/live/***",
  );
  await server.program.line(/forward failed to=127\.0\.0\.1:2/);
  expect((await srs(server, "forward", "remove", "t1")).exitCode).toBe(0);
  const viewer = clients.find(({ publish }: { publish: boolean }) => !publish).id;
  expect((await srs(server, "kick", viewer, "--ban", "60")).exitCode).toBe(0);
  await until("the viewer is gone", () => player.closed);
  expect((await call(`clients/${viewer}`)).status).toBe(404);
  expect(server.program.lines.join("\n")).not.toContain("a-secret-key");
  expect(spare.closed).toBe(false);
});

test.concurrent("a target that is added with --keep gets its stream after a restart, too", async () => {
  await using stage = new Stage();
  const state = `forward_state = ${JSON.stringify(stage.path("forwards.json"))}`;
  const first = await ReloadServer.start(stage, state, "first");
  const added = await srs(first, "forward", "add", `${DEAD}`, "--keep", "--app", "live");
  expect(added.out).toContain("t1 127.0.0.1:1");
  await srs(first, "forward", "add", "127.0.0.1:2");
  first.program.signal("SIGTERM");
  await first.program.ended();
  const second = await ReloadServer.start(stage, state, "second");
  await second.program.line(/forward targets are kept from before the restart .*t1 127\.0\.0\.1:1/);
  await second.publish();
  await second.program.line(/forward failed to=127\.0\.0\.1:1/);
  expect((await srs(second, "status")).out).toMatch(/t1 +127\.0\.0\.1:1 +for app live +kept/);
  expect((await srs(second, "forward", "remove", "t1")).exitCode).toBe(0);
  expect((await srs(second, "status")).out).not.toContain("targets that were added");
  const without = await ReloadServer.start(stage, "", "without");
  const refused = await srs(without, "forward", "add", DEAD, "--keep");
  expect([refused.exitCode, refused.err.includes("forward_state")]).toEqual([1, true]);
});

test.concurrent("viewers of every kind are listed by SRS's names, and kicked", async () => {
  await using stage = new Stage();
  const toml = `${API}[http_server]\nlisten = "127.0.0.1:0"\n[vhost.__defaultVhost__.hls]\nenabled = true\nhls_fragment = 1`;
  const server = await ReloadServer.start(stage, toml);
  const { call } = await apiOf(server);
  const port = await httpPort(server.program);
  const publisher = await server.publish();
  for (let at = 0; at < 40; at++) sendGop(publisher, at, 5, at * 200);
  const rtmp = await server.play();
  const flv = await FlvViewer.open(stage, port, "/live/show.flv");
  const playlist = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const whole = (answer: Response) => answer.arrayBuffer();
  const ts = playlist("/live/show.ts")
    .then(whole)
    .catch(() => undefined);
  const first = await until("a playlist", async () => {
    const answer = await playlist("/live/show.m3u8");
    return answer.ok ? await answer.text() : undefined;
  });
  const link = new URL(urisOf(first)[0] ?? "", `http://127.0.0.1:${port}/live/`);
  expect((await fetch(link)).status).toBe(200);
  const listed = async () => (await call("clients?count=100")).json.clients as Record<string, string>[];
  const found = await until("all viewers", async () => {
    const clients = await listed();
    return clients.length === 5 ? clients : undefined;
  });
  const kinds = found.map(({ type, format, protocol }) => `${type} ${format} ${protocol}`);
  expect(kinds.toSorted()).toEqual([
    "flv-play flv http",
    "flv-play ts http",
    "fmle-publish rtmp rtmp",
    "hls-play hls hls",
    "rtmp-play rtmp rtmp",
  ]);
  expect(found.filter(({ name, url }) => name !== "show" || url !== "/live/show")).toEqual([]);
  expect(found.filter(({ publish, send_bytes }) => !publish && Number(send_bytes) === 0)).toEqual([]);
  for (const { id, publish } of found)
    if (!publish) expect((await call(`clients/${id}?ban=60`, "DELETE")).status).toBe(200);
  await until("all viewers are gone", () => rtmp.closed && flv.closed);
  await within("the viewer of MPEG-TS is gone", ts);
  await until("the publisher is alone", async () => (await listed()).length === 1);
  expect((await fetch(link)).status).toBe(403);
  expect((await playlist("/live/show.flv")).status).toBe(403);
  expect(publisher.closed).toBe(false);
});

test.concurrent("the terminal says why it can't find a server that has no pid file and whose port the system has chosen", async () => {
  await using stage = new Stage();
  const conf = stage.write("server.toml", 'listen = "127.0.0.1:0"\n[http_server]\nlisten = "127.0.0.1:0"');
  const asked = Bun.spawnSync([executable(), "status", "--conf", conf]);
  expect([asked.exitCode, asked.stderr.toString()]).toEqual([
    1,
    `srs: ${conf} has no pid file and no port to find the server by; add pid = "FILE"\n`,
  ]);
});
