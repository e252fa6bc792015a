import type { Client } from "./client.ts";
import { httpPort } from "./raw-http.ts";
import { ReloadServer } from "./reload/server.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** The edges: two that the origin forwards to, and two that fetch from it. */
const edgeNames = ["a", "b", "c", "d"] as const;

const SECRET = 'secret = "the secret of all nodes"';
const USERS =
  '[http_api.user.eye]\npassword = "only to read"\n[http_api.user.ops]\npassword = "for all of it"\nrole = "admin"\n';

/** A node that runs, with the addresses that it keeps. */
interface ConsoleNode {
  server: ReloadServer;
  readonly toml: string;
  readonly api: string;
}

/** An origin and four edges that know one another, with a console each. */
export class ConsoleCluster {
  readonly #stage: Stage;
  readonly #nodes = new Map<string, ConsoleNode>();

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** `users`: whether the consoles ask for a sign-in. */
  static async start(stage: Stage, users = false): Promise<ConsoleCluster> {
    const cluster = new ConsoleCluster(stage);
    const names = ["origin", ...edgeNames];
    const listen = (rtmp: number, http: number, api: number) =>
      [`listen = "127.0.0.1:${rtmp}"`, `http_server.listen = "127.0.0.1:${http}"`]
        .concat(`http_api.listen = "127.0.0.1:${api}"`, "http_api.max_requests_per_minute = 100000\n")
        .join("\n");
    const started = await Promise.all(
      names.map(async (name) => {
        const server = await ReloadServer.start(stage, listen(0, 0, 0), name);
        const [http, api] = await Promise.all([httpPort(server.program), httpPort(server.program, "api")]);
        return { name, server, http, api };
      }),
    );
    const peers = `[cluster]\n${SECRET}\npeers = ${JSON.stringify(started.map(({ api }) => `http://127.0.0.1:${api}`))}`;
    const [origin] = started;
    const targets = started.slice(1, 3).map(({ server }) => `127.0.0.1:${server.port}`);
    for (const [at, { name, server, http, api }] of started.entries()) {
      const part = at === 0 ? `forward = ${JSON.stringify(targets)}\npublish.on_conflict = "standby"` : "";
      const edge = at > 2 ? `edge.origin = "127.0.0.1:${origin?.server.port}"` : "";
      const toml = [
        listen(server.port, http, api),
        users ? USERS : "",
        `${peers}\nadvertise = "rtmp://127.0.0.1:${server.port}"`,
        `[vhost.__defaultVhost__]\n${part}${edge}\n`,
      ].join("\n");
      cluster.#nodes.set(name, { server, toml, api: `http://127.0.0.1:${api}` });
    }
    // Bound to a port that the configuration names from now on, which a reload would bind anew.
    for (const { server } of started) await server.program.kill();
    await Promise.all(names.map((name) => cluster.start(name)));
    return cluster;
  }

  of(name: string): ReloadServer {
    return this.#node(name).server;
  }

  /** The address of a node's console. */
  consoleOf(name: string): string {
    return `${this.#node(name).api}/console/`;
  }

  /** Starts a node that was killed, at its old addresses. */
  async start(name: string): Promise<void> {
    const node = this.#node(name);
    node.server = await ReloadServer.start(this.#stage, node.toml, name);
  }

  /** The origin's user of this name has another one from now on. */
  withoutUser(name: string): Promise<void> {
    return this.#reload((toml) => toml.replace(`[http_api.user.${name}]`, `[http_api.user.${name}2]`));
  }

  /** Who may change the origin may only see it from now on, or may change it again. */
  mayChange(isAllowed: boolean): Promise<void> {
    return this.#reload((toml) => (isAllowed ? toml : toml.replace('role = "admin"', 'role = "read"')));
  }

  /** Viewers of a stream at the edges that fetch it, once they have it. */
  async watch(stream: string): Promise<readonly Client[]> {
    const players = await Promise.all(["c", "d"].map((name) => this.of(name).play(stream)));
    await until("pictures at the edges", () => players.every(({ packets }) => packets.length > 0));
    return players;
  }

  /** Reloads the origin with a change of the configuration that it has at first. */
  #reload(change: (toml: string) => string): Promise<void> {
    const { server, toml } = this.#node("origin");
    return server.reload(change(toml));
  }

  #node(name: string): ConsoleNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }
}
