import { owned } from "../command.ts";
import type { Case, Row, Stage } from "./cases.ts";
import { cpu, ms } from "./cells.ts";
import { freePort, hasNginx, type Server, startNginx, startSrs } from "./servers.ts";
import { cpuOf } from "./usage.ts";

const RATE = 2000;
const CONNECTIONS = 50;
/** Interval at which due requests are sent, ms. */
const STEP_MS = 5;
/** Wait until nodes know each other, and the runtime has compiled the hot paths. */
const WARM_UP_MS = 15_000;
const EDGES = 3;

/** Sends requests to one server at an even rate, over kept connections or over a new one each time. */
class Asker {
  readonly #port: number;
  readonly #request: string;
  readonly #isNew: boolean;
  readonly #sockets: Bun.Socket<number[]>[] = [];
  /** Time from each request to its answer, ms. */
  times: number[] = [];
  /** Refused connections, and answers that name no server. */
  failed = 0;

  constructor(port: number, path: string, isNew: boolean) {
    this.#port = port;
    this.#isNew = isNew;
    const close = isNew ? "Connection: close\r\n" : "";
    this.#request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\n${close}\r\n`;
  }

  /** Sends requests for `durationMs`. */
  async run(durationMs: number): Promise<void> {
    if (!this.#isNew) for (let at = 0; at < CONNECTIONS; at++) this.#sockets.push(await this.#connect());
    const from = performance.now();
    for (let asked = 0; performance.now() - from < durationMs; await Bun.sleep(STEP_MS)) {
      for (const due = ((performance.now() - from) * RATE) / 1000; asked < due; asked++) {
        const socket = this.#sockets[asked % CONNECTIONS];
        if (socket !== undefined) this.#ask(socket);
        else
          void this.#connect().then(
            (one) => this.#ask(one),
            () => this.failed++,
          );
      }
    }
    for (const socket of this.#sockets.splice(0)) socket.end();
  }

  #ask(socket: Bun.Socket<number[]>): void {
    socket.data.push(performance.now());
    socket.write(this.#request);
  }

  #connect(): Promise<Bun.Socket<number[]>> {
    return Bun.connect<number[]>({
      hostname: "127.0.0.1",
      port: this.#port,
      data: [],
      socket: {
        data: (socket, bytes) => {
          for (const answer of bytes.toString("latin1").split("HTTP/1.1 ").slice(1)) {
            this.times.push(performance.now() - (socket.data.shift() ?? 0));
            if (!/^(?:302|200) /.test(answer)) this.failed++;
          }
        },
      },
    });
  }
}

/** A director in front of an origin and edges, and nginx that redirects all to one address. */
async function directing({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  const add = async (name: string, { pid }: Server, port: number, path: string) => {
    const cells: (string | number)[] = [];
    let failed = 0;
    for (const isNew of [false, true]) {
      const asker = new Asker(port, path, isNew);
      await asker.run(WARM_UP_MS);
      asker.times = [];
      asker.failed = 0;
      const before = cpuOf(pid);
      const from = performance.now();
      await asker.run(seconds * 1000);
      const tookMs = performance.now() - from;
      failed += asker.failed;
      const times = asker.times.toSorted((a, b) => a - b);
      cells.push(
        `${((times.length * 1000) / tookMs).toFixed(0)}/s`,
        cpu((100_000 * (cpuOf(pid) - before)) / tookMs),
        ms(times[Math.floor(times.length * 0.99)] ?? 0),
      );
    }
    rows.push([name, ...cells, failed]);
  };
  const { nodes, front, http } = await startCluster(executable, folder);
  const [origin] = nodes;
  const publish = ["publish", `rtmp://127.0.0.1:${origin?.port}/live/show`, "--seconds", "600", "--kbps", "200"];
  const encoder = owned(Bun.spawn([executable, "bench", ...publish], { stdio: ["ignore", "ignore", "ignore"] }));
  try {
    await Bun.sleep(WARM_UP_MS);
    await add("srs, GET /api/v1/director", front, http, "/api/v1/director?app=live&stream=show");
    await add("srs, 302 of .flv", front, http, "/live/show.flv");
    await add("srs, 302 of .m3u8", front, http, "/live/show.m3u8");
  } finally {
    encoder.kill("SIGINT");
    await Promise.all([encoder.exited, ...[front, ...nodes].map((node) => node.stop())]);
  }
  if (!hasNginx()) return rows;
  const port = freePort();
  const redirect = `location / { return 302 http://127.0.0.1:8080$request_uri; }`;
  const web = `http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:${port}; ${redirect} } }`;
  const nginx = await startNginx(folder, undefined, web);
  try {
    await add("nginx, return 302", nginx, port, "/live/show.flv");
  } finally {
    await nginx.stop();
  }
  return rows;
}

/** The director that viewers ask, an origin, and edges. */
async function startCluster(executable: string, folder: string) {
  const apis = Array.from({ length: EDGES + 2 }, freePort);
  const peers = JSON.stringify(apis.map((port) => `http://127.0.0.1:${port}`));
  const start = async (at: number, vhost: string, cluster: string) => {
    const http = freePort();
    const tables = [
      `director = "redirect"\n${vhost}\nhls.enabled = true`,
      `[http_server]\nlisten = "127.0.0.1:${http}"`,
      `[http_api]\nlisten = "127.0.0.1:${apis[at]}"\nmax_requests_per_minute = 1000000`,
      `[cluster]\nsecret = "the secret of all nodes"\npeers = ${peers}\n${cluster}`,
    ];
    const advertised = cluster === "" ? "" : `advertise = ["http://127.0.0.1:${http}"]`;
    return { server: await startSrs(executable, folder, `${tables.join("\n")}\n${advertised}`), http };
  };
  const origin = (await start(1, "", "weight = 0")).server;
  const nodes = [origin];
  for (let at = 2; at < apis.length; at++)
    nodes.push((await start(at, `edge.origin = "127.0.0.1:${origin.port}"`, "weight = 100")).server);
  const { server: front, http } = await start(0, "", "");
  return { nodes, front, http };
}

/** The cost of redirecting viewers to the node with room. */
export const directorCases: readonly Case[] = [
  {
    title: "A director: 2,000 questions a second",
    text: `A node before an origin and ${EDGES} edges, which knows their loads; nginx sends all to one address. Once over ${CONNECTIONS} connections that stay, once over a new connection for each question. The time is the 99th percentile from question to answer, of new connections without their connecting.`,
    head: ["server", "kept: answers", "CPU", "p99", "new: answers", "CPU", "p99", "failed"],
    run: directing,
  },
];
