import { describe, expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { answerSchema } from "../../../../src/features/api/openapi.ts";
import type { Operation } from "../../../../src/features/api/operation.ts";
import { accessRequest } from "../../../support/access.ts";
import { ApiStage, quietLoad } from "../../../support/api-stage.ts";
import { mismatches } from "../../../support/schema.ts";

/** A server with one of everything that the API tells of. */
function fullStage(): ApiStage {
  const stage = new ApiStage();
  const { feed } = stage.publisher();
  feed.headers().gop("k0", 5);
  feed.gop("k1", 5);
  stage.live.publish("show", "c9", { onConflict: "standby" });
  stage.player("show", { lost: 4, lagMs: 2000 });
  stage.transcoder();
  stage.transcoder({ engines: "hd", state: "running", pid: 77, lastError: undefined, failingSince: undefined });
  stage.relay();
  stage.relay({ id: "p1", flow: "pull", to: "origin:1935", lagMs: undefined });
  stage.origins.push({ vhost: "v", origin: "origin:1935", state: "dead", lastError: "timeout", retryInMs: 500 });
  const target = { id: "t1", target: "edge:1935", vhost: undefined, app: undefined, stream: "show", keep: true };
  stage.commands.push({
    relay(id, action) {
      if (action === "pause" && id === "p1") throw new UserError("an upstream is not paused");
      return id === "f1" || id === "p1";
    },
    targets: {
      list: () => [target],
      add: async (request) => ({ ...request, id: "t2" }),
      remove: async (id) => id === "t1",
    },
  });
  return stage;
}

/** For each open part and each body, what a call is made with. */
const ids: Readonly<Record<string, string>> = {
  vhosts: "__defaultVhost__",
  clients: "r2",
  forwards: "f1",
  targets: "t1",
  bans: "b1",
};
const bodies: Readonly<Record<string, object>> = {
  switch: { source: "c9" },
  targets: { target: "edge:1935", app: "live", keep: true },
};

async function callOf(stage: ApiStage, { method, path, body }: Operation) {
  const [, kind = ""] = /^\/api\/v1\/(\w+)/.exec(path) ?? [];
  if (kind === "bans" && method === "DELETE") await stage.call("DELETE /api/v1/clients/r2?ban=60");
  const streamId = (await stage.call("/api/v1/streams")).json.streams[0].id;
  const id = kind === "streams" ? streamId : (ids[kind] ?? "");
  const rpc = kind !== "raw" ? "" : method === "POST" ? "?rpc=reload" : "?rpc=raw";
  const sent = body === undefined ? "" : JSON.stringify(bodies[path.split("/").at(-1) ?? ""]);
  return stage.call(`${method} ${path.replace("{id}", id)}${rpc}`, [], "127.0.0.1", sent);
}

describe("The document of the API", () => {
  test.each(
    new ApiStage().api.operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const),
  )("describes what %s answers, field by field", async (_, { method, path }) => {
    const stage = fullStage();
    const operation = stage.api.operations.find((each) => each.method === method && each.path === path);
    if (operation === undefined) throw new Error("no operation");
    const { status, json } = await callOf(stage, operation);
    expect({ status, wrong: operation.bare ? [] : mismatches(json, answerSchema(operation)) }).toEqual({
      status: 200,
      wrong: [],
    });
  });

  test("is served, and names every call", async () => {
    const { json } = await new ApiStage().call("/api/v1/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    expect(json.paths["/api/v1/clients/{id}"].delete.parameters[0]).toMatchObject({ name: "id", in: "path" });
    expect(Object.keys(json.paths).length).toBeGreaterThan(15);
  });

  test.each([
    "rpc=raw",
    "rpc=query&scope=global",
    "rpc=query&scope=minimal",
    "rpc=query&scope=vhost&vhost=__defaultVhost__",
    "rpc=reload-fetch",
  ])("describes the raw API's answer to %s", async (query) => {
    const stage = fullStage();
    const raw = stage.api.operations.find(({ method, path }) => method === "GET" && path === "/api/v1/raw");
    if (raw === undefined) throw new Error("no operation");
    const { status, json } = await stage.call(`/api/v1/raw?${query}`);
    expect([status, mismatches(json, answerSchema(raw))]).toEqual([200, []]);
    expect(Object.keys(raw.choices ?? {}).filter((name) => name in json)).toHaveLength(1);
  });
});

/** Fields by the call, as SRS has them: what its console and tools read. */
const srsFields: readonly (readonly [string, string, string])[] = [
  [
    "streams",
    "streams.0",
    "id name vhost app tcUrl url live_ms clients frames send_bytes recv_bytes kbps publish video audio",
  ],
  ["streams", "streams.0.kbps", "recv_30s send_30s"],
  ["streams", "streams.0.publish", "active cid"],
  [
    "clients",
    "clients.0",
    "id vhost stream ip pageUrl swfUrl tcUrl url name type publish alive send_bytes recv_bytes kbps",
  ],
  ["vhosts", "vhosts.0", "id name enabled clients streams send_bytes recv_bytes kbps hls"],
  ["", "urls", "versions summaries features vhosts streams clients raw"],
  ["raw?rpc=raw", "http_api", "enabled listen crossdomain raw_api"],
  ["raw?rpc=raw", "http_api.raw_api", "enabled allow_reload allow_query allow_update"],
  ["raw?rpc=query&scope=global", "global", "listen max_connections vhosts http_api"],
  ["raw?rpc=query&scope=vhost&vhost=__defaultVhost__", "vhost", "id name gop_cache"],
  ["raw?rpc=reload-fetch", "data", "err msg state rid"],
  ["versions", "data", "major minor revision version"],
  ["summaries", "data", "ok now_ms self system"],
  ["summaries", "data.self", "version pid ppid argv cwd mem_kbyte mem_percent cpu_percent srs_uptime"],
  [
    "summaries",
    "data.system",
    "cpu_percent disk_read_KBps disk_write_KBps disk_busy_percent mem_ram_kbyte mem_ram_percent mem_swap_kbyte mem_swap_percent cpus cpus_online uptime ilde_time load_1m load_5m load_15m net_sample_time net_recv_bytes net_send_bytes net_recvi_bytes net_sendi_bytes srs_sample_time srs_recv_bytes srs_send_bytes conn_sys conn_sys_et conn_sys_tw conn_sys_udp conn_srs",
  ],
];

test.each(srsFields)("SRS's answer to %s has all of its fields in %s", async (call, path, fields) => {
  const { json } = await fullStage().call(`/api/v1/${call}`);
  // biome-ignore lint/suspicious/noExplicitAny: a walk through JSON
  const found = path.split(".").reduce((at: any, name) => at[name], json);
  expect(fields.split(" ").filter((name) => found[name] === undefined)).toEqual([]);
  expect([json.code, typeof json.server, typeof json.pid]).toEqual([0, "string", "string"]);
});

describe("The summary", () => {
  test("has the system's figures, in SRS's units", async () => {
    const stage = new ApiStage();
    const { system } = (await stage.call("/api/v1/summaries")).json.data;
    expect(system).toMatchObject({
      ...{ mem_swap_kbyte: 4000, mem_swap_percent: 0.75, conn_sys: 9, conn_sys_et: 5, conn_sys_tw: 3, conn_sys_udp: 2 },
      ...{ net_recv_bytes: 10, net_send_bytes: 20, net_recvi_bytes: 30, net_sendi_bytes: 40, disk_busy_percent: 0 },
    });
  });

  test("has the rates of disks between two readings, and the time at which the network was read", async () => {
    const stage = new ApiStage();
    await stage.call("/api/v1/summaries");
    stage.clock.advance(4000);
    const { system } = quietLoad;
    const busyMs = new Map([
      ["sda", 1100],
      ["sdb", 9999],
    ]);
    const disks = { readBytes: 8192e3, writtenBytes: 4096e3, busyMs };
    stage.systemLoad = { ...quietLoad, system: { ...system, disks } };
    const first = (await stage.call("/api/v1/summaries")).json.data;
    expect(first.system).toMatchObject({ disk_read_KBps: 2000, disk_write_KBps: 1000, disk_busy_percent: 0.25 });
    stage.clock.advance(400);
    const second = (await stage.call("/api/v1/summaries")).json.data;
    expect(second.now_ms - first.now_ms).toBe(400);
    expect(second.system.net_sample_time).toBe(first.system.net_sample_time);
    expect(second.system.srs_sample_time).toBe(first.system.srs_sample_time);
  });
});

test("The limits that are used most are listed, the fullest first", async () => {
  const stage = new ApiStage();
  const use = { limit: "max_players", of: "/live/show", max: 100 };
  stage.limitUses.push({ ...use, now: 80 }, { ...use, of: "/live/other", now: 79 }, { ...use, of: "/a/b", now: 100 });
  const { near, limits } = (await stage.call("/api/v1/limits")).json;
  expect(near.map(({ of, now }: { of: string; now: number }) => `${of} ${now}`)).toEqual(["/a/b 100", "/live/show 80"]);
  expect(limits.connections).toEqual({ now: 3, max: 1000 });
});

describe("SRS's raw API", () => {
  test("returns the configuration by vhost, and nothing for an unknown vhost", async () => {
    const stage = new ApiStage();
    const { global } = (await stage.call("/api/v1/raw?rpc=query&scope=global")).json;
    expect(Object.keys(global.vhosts)).toEqual(["__defaultVhost__"]);
    expect(global.vhost).toBeUndefined();
    const none = await stage.call("/api/v1/raw?rpc=query&scope=vhost&vhost=__proto__");
    expect([none.status, none.json.code]).toEqual([404, 2014]);
  });

  test.each(["", "?rpc=update", "?rpc=query", "?rpc=query&scope=all"])("has no call %s", async (query) => {
    const answer = await new ApiStage().call(`/api/v1/raw${query}`);
    expect([answer.status, answer.json.error.length > 20]).toEqual([400, true]);
  });

  test("reloads by POST and returns the outcome; by GET, only for pages of this host", async () => {
    const stage = new ApiStage();
    const reload = "/api/v1/raw?rpc=reload";
    expect((await stage.call(`POST ${reload}`)).json).toMatchObject({ code: 0 });
    expect((await stage.call(reload)).status).toBe(403);
    expect((await stage.call(reload, ["Referer: http://evil.example/"])).status).toBe(403);
    expect(stage.log.take(/reload requested/)).toHaveLength(1);
    expect((await stage.call(reload, ["Referer: http://127.0.0.1:8080/console/"])).status).toBe(200);
    expect(stage.log.take(/reload requested/)).toHaveLength(1);
    stage.reloadAnswer = { ok: false, lines: ["x.toml:1: wrong"] };
    expect((await stage.call(`POST ${reload}`)).status).toBe(409);
  });
});

describe("A stream", () => {
  test("is listed with its publisher, frame rate, GOP, clients and sources", async () => {
    const stage = fullStage();
    const [stream] = (await stage.call("/api/v1/streams")).json.streams;
    const { name, app, url, publish, clients, viewers, lost_packets, lag_ms, gop_ms, video_frames } = stream;
    expect({ name, app, url, publish, clients, viewers, lost_packets, lag_ms, gop_ms, video_frames }).toEqual({
      ...{ name: "show", app: "live", url: "/live/show", publish: { active: true, cid: "r1" }, clients: 2, viewers: 1 },
      ...{ lost_packets: 4, lag_ms: 2000, gop_ms: 240, video_frames: 12 },
    });
    expect(stream.sources.map(({ id, role }: { id: string; role: string }) => `${id} ${role}`)).toEqual([
      "r1 active",
      "c9 standby",
    ]);
    const one = await stage.call(`/api/v1/streams/${stream.id}`);
    expect(one.json.stream.url).toBe("/live/show");
  });

  test("keeps the bytes of clients that have left, and its rates are those of the last half minute", async () => {
    const stage = new ApiStage();
    const { feed } = stage.publisher();
    const player = stage.player("show", { bytes: 30_000 });
    const [task] = player.tasks;
    if (task === undefined) throw new Error("no task");
    player.ended(task, "unpublished");
    for (let second = 0; second < 60; second++) {
      feed.gop(`k${second}`, 1);
      stage.live.wait(1000);
    }
    const [stream] = (await stage.call("/api/v1/streams")).json.streams;
    expect([stream.send_bytes, stream.kbps.send_30s, stream.viewers]).toEqual([30_000, 0, 0]);
    expect(stream.fps).toBeGreaterThan(0.9);
  });

  test("continues with the source that is chosen by hand", async () => {
    const stage = fullStage();
    const { id } = (await stage.call("/api/v1/streams")).json.streams[0];
    const answer = await stage.call(`POST /api/v1/streams/${id}/switch`, [], "127.0.0.1", '{"source":"c9"}');
    expect([answer.status, answer.json.active]).toEqual([200, "c9"]);
    expect(stage.live.stream().source?.info.id).toBe("c9");
  });
});

test("A transcoder is listed with its state, process and last error, and failing ones can be listed alone", async () => {
  const stage = fullStage();
  const { transcoders } = (await stage.call("/api/v1/transcoders")).json;
  expect(
    transcoders.map(({ engines, state, pid, failing }: Record<string, unknown>) => [engines, state, pid, failing]),
  ).toEqual([
    ["sd hd", "waiting", null, true],
    ["hd", "running", 77, false],
  ]);
  const failing = (await stage.call("/api/v1/transcoders?failing=1")).json.transcoders;
  expect(failing).toHaveLength(1);
  expect(failing[0]).toMatchObject({
    url: "/live/show",
    restarts: 2,
    next_retry: 9,
    failing_since: 4,
    last_error: "exit code 1",
  });
});

describe("Clients", () => {
  test("that are slow can be listed alone, and names and addresses show no keys", async () => {
    const stage = fullStage();
    stage.player();
    const { clients } = (await stage.call("/api/v1/clients?slow=1")).json;
    expect(clients.map(({ id }: { id: string }) => id)).toEqual(["r2"]);
    expect(clients[0].tcUrl).toBe("rtmp://h/live?***");
  });

  test("are kicked, and with a ban their address does not get the stream again for that time", async () => {
    const stage = fullStage();
    expect((await stage.call("DELETE /api/v1/clients/r2?ban=60")).status).toBe(200);
    expect(stage.kicked).toEqual(["r2"]);
    const [ban] = stage.api.guards;
    const request = accessRequest({ address: "192.0.2.7", clientId: "c5" });
    expect(ban?.check(request)).toMatchObject({ kind: "denied" });
    expect(ban?.check({ ...request, address: "192.0.2.8" })).toBeUndefined();
    expect(ban?.check({ ...request, action: "publish" })).toBeUndefined();
    stage.clock.advance(61_000);
    expect(ban?.check(request)).toBeUndefined();
  });
});

describe("A call that can't be answered", () => {
  test.each([
    ["/api/v1/streams/vid-none", 404, 2048],
    ["/api/v1/clients/c99", 404, 2049],
    ["/api/v1/vhosts/none", 404, 2014],
    ["DELETE /api/v1/clients/c99", 404, 2049],
    ["DELETE /api/v1/bans/b9", 404, 9003],
    ["DELETE /api/v1/targets/t9", 404, 9002],
    ["POST /api/v1/forwards/f9/retry", 404, 9001],
    ["POST /api/v1/forwards/p1/pause", 400, 9007],
    ["/api/v1/nothing", 404, 9005],
    ["POST /api/v1/streams", 405, 9006],
    ["/api/v1/streams?count=many", 400, 9007],
    ["/api/v1/config?keys=some", 400, 9007],
    ["DELETE /api/v1/clients/r2?ban=-1", 400, 9007],
  ])("%s is answered with %i, SRS's code and a sentence", async (target, status, code) => {
    const answer = await fullStage().call(target);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.json.error.length).toBeGreaterThan(20);
  });

  test.each([
    ["[]", "a JSON object"],
    ["{", "not JSON"],
    ['{"target":7}', "must be a text"],
    ['{"target":"a","keep":"yes"}', "must be true or false"],
    ['{"target":{"keep":true}}', "must be a text"],
    ['{"target":"a","other":"b"}', "nothing else"],
    ["{}", "must have a target"],
    ['{"target":"a","vhost":"none"}', "no vhost of this name"],
  ])("a target %s is refused: %s", async (body, reason) => {
    const answer = await fullStage().call("POST /api/v1/targets", [], "127.0.0.1", body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json.error).toContain(reason);
  });

  test("is answered with an error: a body of more than 64 KB, or without a length", async () => {
    const stage = fullStage();
    const large = `{"target":"${"a".repeat(70_000)}"}`;
    expect((await stage.call("POST /api/v1/targets", [], "127.0.0.1", large)).status).toBe(413);
    expect((await stage.call("POST /api/v1/targets", ["Transfer-Encoding: chunked"])).status).toBe(411);
  });

  test("is answered with an error: a reload of a wrong file", async () => {
    const stage = fullStage();
    stage.reloadAnswer = { ok: false, lines: ["x.toml:1: wrong"] };
    const answer = await stage.call("POST /api/v1/reload");
    expect([answer.status, answer.json.error]).toEqual([409, "the configuration is refused: x.toml:1: wrong"]);
  });
});

describe("The director", () => {
  const call = "/api/v1/director?app=live&stream=show&client=10.0.0.9&zone=west";

  test("gets the caller's question, and its nodes are listed with their reasons", async () => {
    const stage = new ApiStage();
    const nodes = stage.nodes.all().map((node) => ({ node, reason: "it drains", use: 0.12345, onTheWay: 3 }));
    stage.directorAnswer = {
      ok: true,
      stream: "/live/show",
      id: "00ff",
      urls: ["rtmp://h:1935/live/show"],
      nodes: () => nodes,
    };
    expect((await stage.call(call)).json.director).toEqual({
      stream: "/live/show",
      node: "00ff",
      urls: ["rtmp://h:1935/live/show"],
      nodes: [
        {
          ...{ id: "00ff", self: true, peer: "", state: "alive", reason: "it drains" },
          ...{ use: 0.123, connections: 0, on_the_way: 3 },
        },
      ],
    });
    const rest = { vhost: "", action: "", protocol: "" };
    expect(stage.questions).toEqual([{ app: "live", stream: "show", client: "10.0.0.9", zone: "west", ...rest }]);
  });

  test.each([
    ["input", 400],
    ["vhost", 404],
    ["stream", 404],
    ["node", 200],
  ] as const)("gives the reason why it has no answer: %s is %d", async (kind, status) => {
    const stage = new ApiStage();
    stage.directorAnswer = { ok: false, kind, reason: "no room", stream: "/live/show", nodes: () => [] };
    expect((await stage.call(call)).status).toBe(status);
  });
});
