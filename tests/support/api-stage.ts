import { Api } from "../../src/features/api/api.ts";
import type { ApiConfig } from "../../src/features/api/config.ts";
import { apiTable } from "../../src/features/api/config.ts";
import type { ApiUser, ConfigState, LimitState } from "../../src/features/api/context.ts";
import { forOperators } from "../../src/features/http/context.ts";
import { HttpServer } from "../../src/features/http/server.ts";
import { AddressRate } from "../../src/features/limits/address-rate.ts";
import { LogTail } from "../../src/io/log/log-tail.ts";
import type { SystemLoad } from "../../src/io/os/system-load.ts";
import { type ClientRecord, Clients, type PlayTask } from "../../src/live/ports/clients.ts";
import type { FeatureCommands } from "../../src/live/ports/commands.ts";
import { ConnectionServers } from "../../src/live/ports/connection-servers.ts";
import { ConnectionAccount } from "../../src/live/ports/connections.ts";
import type { DirectorAnswer, DirectorQuestion } from "../../src/live/ports/director.ts";
import type { HealthReport } from "../../src/live/ports/health.ts";
import { MemoryNodes, type NodeState } from "../../src/live/ports/nodes.ts";
import { Refusals } from "../../src/live/ports/refusals.ts";
import { addedUp, type OriginReport, type RelayReport, type TranscoderReport } from "../../src/live/ports/report.ts";
import { HttpEnd } from "./http-stage.ts";
import { LiveStage } from "./live.ts";
import { RecordingLog } from "./recording-log.ts";

/** What the system of a test tells at first. */
export const quietLoad: SystemLoad = {
  process: { cpuSeconds: 2, residentBytes: 5e7, virtualBytes: 9e8, openFiles: 12, maxFiles: 1024, uptime: 77.4 },
  system: {
    ...{
      memoryBytes: 8e9,
      freeBytes: 6e9,
      swapBytes: 4096e3,
      swapFreeBytes: 1024e3,
      cpus: 4,
      uptime: 5000,
      busyTicks: 300,
      allTicks: 1000,
      idleSeconds: 9000,
    },
    ...{ load: [0.5, 0.4, 0.3], netReceived: 10, netSent: 20, innerReceived: 30, innerSent: 40 },
    sockets: { tcp: 9, established: 5, timeWait: 3, udp: 2 },
    disks: { readBytes: 0, writtenBytes: 0, busyMs: new Map([["sda", 100]]) },
  },
};

const defaults = Object.fromEntries(
  Object.entries(apiTable.entries).map(([name, entry]) => [name, entry.kind === "key" ? entry.default : new Map()]),
) as unknown as ApiConfig;

/** What a node without clients says of itself. */
export function nodeState(id: string, more: Partial<NodeState> = {}): NodeState {
  return {
    ...{ id, version: "1.2.3", advertise: [], zone: "", weight: 100, draining: false, streams: new Map() },
    fetches: [],
    load: { connections: 0, maxConnections: 1000, kbps: 0, maxKbps: 0, cpu: 0 },
    ...more,
  };
}

/** An answer as a caller sees it. */
export interface Called {
  readonly status: number;
  readonly head: string;
  readonly text: string;
  /** Of a body that is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
  readonly json: any;
}

/** The API of a server without sockets: streams, clients and relays are what a test makes of them. */
export class ApiStage {
  readonly live = new LiveStage();
  readonly clock = this.live.clock;
  readonly log = new RecordingLog();
  readonly clients = new Clients(this.clock);
  readonly refusals = new Refusals(this.clock, this.log);
  readonly users = new Map<string, ApiUser>();
  config: ApiConfig = defaults;
  readonly nodes = new MemoryNodes(() => nodeState("00ff"), this.clock);
  /** What the director was asked, and says. */
  readonly questions: DirectorQuestion[] = [];
  directorAnswer: DirectorAnswer = { ok: true, stream: "/live/show", id: "00ff", urls: [], nodes: () => [] };
  readonly relays: RelayReport[] = [];
  readonly origins: OriginReport[] = [];
  readonly transcoders: TranscoderReport[] = [];
  readonly health: HealthReport[] = [];
  readonly commands: FeatureCommands[] = [];
  readonly limitUses: LimitState[] = [];
  readonly logTail = new LogTail(3);
  /** Ids of clients that were kicked. */
  readonly kicked: string[] = [];
  systemLoad: SystemLoad = quietLoad;
  reloadAnswer = { ok: true, lines: ["reloaded; changed: nothing"] };
  refused: ConfigState["refused"];
  readonly api: Api;
  readonly #connections: ConnectionServers;
  #nextClient = 1;

  constructor() {
    const { clock, log, clients, refusals } = this;
    const failures = new AddressRate(clock);
    const calls = new AddressRate(clock);
    this.api = new Api(
      {
        ...{ clock, log, clients, refusals, streams: this.live.streams, version: "1.2.3", nodeId: "00ff" },
        process: { pid: 7, ppid: 1, argv: "srs --conf x", cwd: "/" },
        nodes: this.nodes,
        director: (question) => {
          this.questions.push(question);
          return this.directorAnswer;
        },
        systemLoad: () => this.systemLoad,
        config: () => this.config,
        users: () => this.users,
        vhosts: () => [{ name: "__defaultVhost__", enabled: true, hls: { enabled: false, fragment: 10 } }],
        maxConnections: () => 1000,
        connections: () => 3,
        report: () =>
          addedUp([
            {
              relays: this.relays,
              origins: this.origins,
              transcoders: this.transcoders,
              health: this.health,
              received: 10,
              sent: 20,
              now: { streams: 1 },
            },
          ]),
        commands: () => this.commands,
        limitUses: () => this.limitUses,
        logTail: this.logTail,
        viewerEndpoints: () => [{ scheme: "http", host: "", port: 8080 }],
        stage: () => "running",
        configState: () => ({
          ...{ file: "/x.toml", loadedAt: 1000, reloads: 0, refused: this.refused, warnings: ["x.toml:9: no effect"] },
          waiting: [{ key: "pid", reason: "its file is written at the start" }],
        }),
        effectiveConfig: (changesOnly) =>
          changesOnly
            ? "[vhost.__defaultVhost__]\n"
            : "listen = 1935\nmax_connections = 1000\n[http_api]\nlisten = 1985\n[vhost.__defaultVhost__]\ngop_cache = true\n",
        reload: () => this.reloadAnswer,
      },
      (site, rate) => failures.take(site, rate),
    );
    this.live.observe(this.api.streams);
    clients.observe(this.api.clients);
    const account = new ConnectionAccount({
      maxConnections: 1000,
      limiter: { acquire: () => undefined, release: () => undefined, countRequest: () => undefined },
    });
    const countRequest = (host: string) =>
      calls.take(host, this.config.max_requests_per_minute) ? undefined : { rule: "http_api", reason: "too many" };
    const server = new HttpServer({
      ...{
        clock,
        log,
        clients,
        refusals,
        software: "srs/test",
        account: { countRequest, crowded: false },
        routes: [this.api],
      },
      ...forOperators,
      rtmpPort: () => 1935,
      stage: () => "running",
    });
    this.#connections = new ConnectionServers({ clock, log, refusals, account, servers: [server] });
    this.#connections.start();
  }

  /** One whole call. `lines` are header lines; Host is an address where they name none. */
  async call(target: string, lines: readonly string[] = [], from = "127.0.0.1", body = ""): Promise<Called> {
    const [method = "GET", path = ""] = target.includes(" ") ? target.split(" ") : ["GET", target];
    const end = new HttpEnd(this.clock, false, from);
    end.open(this.#connections.accept("api", end.remote));
    const host = lines.some((line) => /^host:/i.test(line)) ? [] : ["Host: 127.0.0.1:1985"];
    const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    let heard = end.say(`${[`${method} ${path} HTTP/1.1`, ...host, ...lines, ...length].join("\r\n")}\r\n\r\n${body}`);
    // What is written in slices goes on in turns.
    for (let turn = 0; turn < 500 && !heard.includes("\r\n\r\n"); turn++) {
      await Promise.resolve();
      heard += end.hear();
    }
    end.hangUp();
    const at = heard.indexOf("\r\n\r\n");
    const [head, text] = [heard.slice(0, at), Buffer.from(heard.slice(at + 4), "latin1").toString()];
    const isJson = text.startsWith("{");
    return { status: Number(head.split(" ")[1]), head, text, json: isJson ? JSON.parse(text) : undefined };
  }

  /** A client of a stream that has lost packets and is behind, if a test says so. */
  player(name = "show", more: Partial<PlayTask> = {}, host = "192.0.2.7"): ClientRecord {
    const client = this.#client(host);
    const stream = this.live.stream(name);
    client.began({ kind: "play", stream, relay: false, since: 0, bytes: 5000, lost: 0, lagMs: 0, ...more });
    return client;
  }

  /** A client that publishes a stream, with its feed. */
  publisher(name = "show") {
    const client = this.#client("192.0.2.1");
    const feed = this.live.publish(name, client.id);
    const { source } = feed;
    const stream = this.live.stream(name);
    client.began({ kind: "publish", stream, source, relay: false, since: 0, bytes: 0, lost: 0 });
    return { client, feed, stream };
  }

  /** A forward that fails. */
  relay(more: Partial<RelayReport> = {}): void {
    this.relays.push({
      ...{ id: "f1", stream: "__defaultVhost__/live/show", flow: "push", to: "edge:1935", state: "waiting", since: 5 },
      ...{ attempt: 3, nextRetryAt: 9, lastError: "connection refused", failingSince: 4, running: false },
      ...{ failing: true, lagMs: 0, bytes: 11, dropped: 2 },
      ...more,
    });
  }

  /** An FFmpeg that fails. */
  transcoder(more: Partial<TranscoderReport> = {}): void {
    this.transcoders.push({
      ...{ stream: "__defaultVhost__/live/show", engines: "sd hd", state: "waiting", since: 5, pid: undefined },
      ...{ lagMs: 0, restarts: 2, nextRetryAt: 9, lastError: "exit code 1", failingSince: 4 },
      ...more,
    });
  }

  #client(host: string): ClientRecord {
    const id = `r${this.#nextClient++}`;
    const client = this.clients.add(
      { id, protocol: "rtmp", remote: { host, port: 5000 } },
      { bytesReceived: 100, bytesSent: 200, kick: () => void this.kicked.push(id) },
    );
    client.introduction = { url: "rtmp://h/live?key=secret", software: "OBS", pageUrl: "http://p/", swfUrl: "" };
    return client;
  }
}
