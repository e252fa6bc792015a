import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { executable } from "../support/e2e/executable.ts";
import { avcFrame, avcHeader } from "../support/e2e/payloads.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { until } from "../support/e2e/wait.ts";
import { TEST_LIMIT_MS } from "../support/limits.ts";

setDefaultTimeout(TEST_LIMIT_MS);

/** Nobody listens there. */
const DEAD = "127.0.0.1:1";
const API = '[http_api]\nlisten = "127.0.0.1:0"\n';
const UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";

// biome-ignore lint/suspicious/noExplicitAny: answers of all shapes
type Json = any;

/** What one server says in the terminal and over HTTP. */
interface Told {
  readonly status: string;
  readonly top: string;
  /** By the last part of the address. */
  readonly api: Readonly<Record<string, Json>>;
}

/** An origin with trouble of every kind, and an edge of it. */
interface Night {
  readonly origin: Told;
  readonly edge: Told;
  readonly publisher: string;
  readonly near: string;
  readonly address: string;
}

const calls = [
  "streams",
  "clients",
  "clients?slow=1",
  "clients?server=1",
  "forwards",
  "upstreams",
  "origins",
  "config",
];

async function call(server: ReloadServer, path: string): Promise<Json> {
  const port = await httpPort(server.program, "api");
  const mark = path.includes("?") ? "&" : "?";
  return (await fetch(`http://127.0.0.1:${port}/api/v1/${path}${mark}count=100`)).json();
}

async function srs(server: ReloadServer, ...words: readonly string[]): Promise<string> {
  const conf = server.stage.path(`${server.program.name}.toml`);
  const child = Bun.spawn([executable(), ...words, "--conf", conf], { stdout: "pipe", stderr: "pipe" });
  return new Response(child.stdout).text();
}

async function told(server: ReloadServer): Promise<Told> {
  const answers = await Promise.all([...calls, "limits"].map(async (path) => [path, await call(server, path)]));
  return {
    status: await srs(server, "status"),
    top: await srs(server, "top", "--once"),
    api: Object.fromEntries(answers),
  };
}

/** A viewer over HTTP that stops reading once it has begun. */
async function stalled(stage: Stage, port: number, path: string, more = ""): Promise<void> {
  let began = false;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(self) {
        began = true;
        self.pause();
      },
    },
  });
  stage.defer(() => socket.terminate());
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`);
  await until(`an answer to ${path}`, () => began || undefined);
}

async function fallen(stage: Stage): Promise<Night> {
  const near = await ReloadServer.start(stage, "", "near");
  const http = '[http_server]\nlisten = "127.0.0.1:0"\n';
  const vhost = `[vhost.__defaultVhost__]\nqueue_length = 5\nlimits = { max_players = 6 }\nforward = ["${DEAD}", "127.0.0.1:${near.port}"]\n`;
  const toml = (max: number) => `max_connections = ${max}\n${API}${http}${vhost}`;
  const origin = await ReloadServer.start(stage, toml(100), "origin");
  const upstream = `[vhost.__defaultVhost__.edge]\norigin = ["${DEAD}", "127.0.0.1:${origin.port}"]\n`;
  const edge = await ReloadServer.start(stage, API + upstream, "edge");
  const publisher = await origin.publish();
  let time = 0;
  // One NAL unit, which begins with its length, in each frame: what MPEG-TS takes.
  const sendGop = (size: number) => {
    publisher.send(9, time, avcHeader);
    for (let at = 0; at < 5; at++, time += 40) publisher.send(9, time, avcFrame(at === 0, size - 9, size));
  };
  sendGop(200);
  sendGop(200);
  const prompt = await edge.play();
  await until("a picture from the edge", () => prompt.packets.length > 2 || undefined);
  prompt.keep = false;

  const port = await httpPort(origin.program);
  const key = `Sec-WebSocket-Key: ${btoa("0123456789abcdef")}\r\n`;
  await stalled(stage, port, "/live/show.flv");
  await stalled(stage, port, "/live/show.ts");
  await stalled(stage, port, "/live/show.flv", UPGRADE + key);
  (await origin.play()).read(false);
  // More than the kernel's buffers hold.
  await until("four slow viewers", async () => {
    sendGop(400_000);
    const { clients } = await call(origin, "clients?slow=1");
    return clients.length === 4 || undefined;
  });
  await until("one forward that fails and one that runs", async () => {
    const { forwards } = await call(origin, "forwards");
    return (forwards[0].failing && forwards[1].state === "running") || undefined;
  });
  const { limits } = await call(origin, "limits");
  await origin.reload(toml(limits.connections.now));
  expect(await origin.isRefused()).toBe(true);
  origin.write("listen = wrong");
  const api = await httpPort(origin.program, "api");
  expect((await fetch(`http://127.0.0.1:${api}/api/v1/reload`, { method: "POST" })).status).toBe(409);
  origin.write(toml(limits.connections.now));
  const tellings = { origin: await told(origin), edge: await told(edge) };
  const { publish } = tellings.origin.api.streams.streams[0];
  return { ...tellings, publisher: publish.cid, near: `127.0.0.1:${near.port}`, address: `127.0.0.1:${origin.port}` };
}

let stage: Stage;
let night: Night;

beforeAll(async () => {
  stage = new Stage();
  night = await fallen(stage);
}, TEST_LIMIT_MS);
afterAll(() => stage[Symbol.asyncDispose]());

const stream = (): Json => night.origin.api.streams.streams[0];
const forward = (at: number): Json => night.origin.api.forwards.forwards[at];
const ago = (ms: number) => Date.now() - ms;

/** Each with what the API says, which must be true, and the terminal's line. */
const questions: readonly (readonly [string, () => unknown, () => readonly [string, RegExp]])[] = [
  [
    "who publishes",
    () => stream().publish.active && stream().publish.cid === night.publisher,
    () => [night.origin.status, new RegExp(`/live/show +${night.publisher} from`)],
  ],
  [
    "from where",
    () => /^127\.0\.0\.1:\d+$/.test(stream().sources[0].ip),
    () => [night.origin.status, /\/live\/show .* from 127\.0\.0\.1:\d+ for/],
  ],
  [
    "since when",
    () => stream().since > ago(600_000) && stream().since <= Date.now(),
    () => [night.origin.status, /\/live\/show .* for \d+ s /],
  ],
  ["at what rate", () => stream().kbps.recv_30s > 0, () => [night.origin.status, /\/live\/show .* [1-9]\d* kbit\/s/]],
  [
    "in which codec, at what frame rate, with which GOP",
    () => stream().video.codec === "H264" && stream().fps > 0 && stream().gop_ms === 200,
    () => [night.origin.status, /H264 \d+x\d+ [\d.]+ fps, no audio +GOP 0\.2 s/],
  ],
  [
    "who watches",
    () => {
      const played: string[] = night.origin.api.clients.clients
        .filter(({ publish }: Json) => !publish)
        .map(({ type, format, ip }: Json) => `${type} ${format} ${ip}`);
      const kinds = ["flv-play flv", "flv-play flv", "flv-play ts", "rtmp-play rtmp", "rtmp-play rtmp"];
      return played.toSorted().join() === kinds.map((kind) => `${kind} 127.0.0.1`).join();
    },
    () => [night.origin.top, /c\d+ +127\.0\.0\.1 +ts-play +\/live\/show /],
  ],
  [
    "which viewer is slow",
    () => {
      const slow: Json[] = night.origin.api["clients?slow=1"].clients;
      return slow.length === 4 && slow.every(({ lag_ms, lost_packets }) => lag_ms > 1000 || lost_packets > 0);
    },
    () => [night.origin.status, /slow viewers:(\n +c\d+ .* \d+ ms behind.*){4}\n/],
  ],
  [
    "which forward fails, and why",
    () => forward(0).to === DEAD && forward(0).last_error === "connection refused" && !forward(1).failing,
    () => [night.origin.status, /f\d+ +\/live\/show +127\.0\.0\.1:1 .*: connection refused \(attempt \d+/],
  ],
  [
    "since when it fails, and when it is tried again",
    () => forward(0).failing_since > ago(600_000) && (forward(0).next_retry > 0 || forward(0).state === "connecting"),
    () => [night.origin.status, /127\.0\.0\.1:1 .*failing for \d+ s/],
  ],
  [
    "how far each edge is behind",
    () => {
      const [edge] = night.origin.api["clients?server=1"].clients;
      return edge.server && edge.lag_ms >= 0 && forward(1).to === night.near && forward(1).lag_ms >= 0;
    },
    () => [
      night.origin.status,
      /running +\d+ ms behind\n\nedges that fetch:\n +c\d+ +\/live\/show +127\.0\.0\.1 +for \d+ s +\d+ ms behind\n/,
    ],
  ],
  [
    "from which upstream a stream comes",
    () => {
      const [upstream] = night.edge.api.upstreams.upstreams;
      return upstream.to.includes(night.address) && upstream.state === "running" && upstream.flow === "pull";
    },
    () => [night.edge.status, new RegExp(`upstreams:\n.*/live/show +\\S*${night.address}\\S* +running`)],
  ],
  [
    "which origins are dead",
    () => {
      const dead: Json[] = night.edge.api.origins.origins.filter(({ state }: Json) => state === "dead");
      return dead.length === 1 && dead[0].origin.includes(DEAD) && dead[0].last_error.length > 0;
    },
    () => [night.edge.status, /origins:\n +\S*127\.0\.0\.1:1 +dead +\S/],
  ],
  [
    "which configuration is in effect since which reload, and which was refused",
    () => {
      const { config } = night.origin.api.config;
      return config.file.endsWith("origin.toml") && config.reloads === 1 && config.refused.lines.length > 0;
    },
    () => [
      night.origin.status,
      /configuration \S+origin\.toml, in effect for \d+ s, 1 reloads; a reload was refused \d/,
    ],
  ],
  [
    "what is near a limit",
    () => {
      const near: Json[] = night.origin.api.limits.near;
      return near.map(({ limit, of }) => `${limit} ${of}`).join() === "connections ,max_players /live/show";
    },
    () => [night.origin.status, /near a limit:\n +connections +(\d+) of \1\n +max_players +\/live\/show +5 of 6\n/],
  ],
  [
    "how many were refused, and by which rule",
    () => night.origin.api.limits.refused.max_connections === 1,
    () => [night.origin.status, /refused since the start:\n(.*\n)* *max_connections +1\n/],
  ],
];

describe("An operator at night finds the answer, in the terminal and by the API:", () => {
  test.each(questions)("%s", (_question, isTold, shown) => {
    expect(isTold()).toBe(true);
    const [text, pattern] = shown();
    expect(text).toMatch(pattern);
  });
});
