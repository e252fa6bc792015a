import { httpPort } from "./raw-http.ts";
import { ReloadServer } from "./reload/server.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** What a node of a test's cluster is. */
export interface NodePlan {
  readonly name: string;
  /** Whether clients may be sent to it. */
  readonly named?: boolean;
  /** The name of the node that it fetches from. */
  readonly origin?: string;
  /** Further lines of `[cluster]`. */
  readonly cluster?: string;
}

/** A node that runs. */
export interface DirectorNode {
  readonly server: ReloadServer;
  readonly http: string;
  readonly api: string;
}

const LISTEN =
  'max_connections = 300\nhttp_api.max_requests_per_minute = 100000\nhttp_server.listen = "127.0.0.1:0"\nhttp_api.listen = "127.0.0.1:0"\n';
/** Of streams that run, a reload does not change it. */
const HLS = "[vhost.__defaultVhost__.hls]\nenabled = true\nhls_fragment = 1\nhls_window = 8\n";

/** Nodes of one cluster with a director each, once they know of one another. */
export class DirectorNodes {
  readonly #nodes: ReadonlyMap<string, DirectorNode>;

  private constructor(nodes: ReadonlyMap<string, DirectorNode>) {
    this.#nodes = nodes;
  }

  static async start(stage: Stage, plans: readonly NodePlan[]): Promise<DirectorNodes> {
    const entries = plans.map(async ({ name }) => {
      const server = await ReloadServer.start(stage, LISTEN + HLS, name);
      const [http, api] = await Promise.all([httpPort(server.program), httpPort(server.program, "api")]);
      return [name, { server, http: `http://127.0.0.1:${http}`, api: `http://127.0.0.1:${api}` }] as const;
    });
    const nodes = new DirectorNodes(new Map(await Promise.all(entries)));
    const peers = [...nodes.#nodes.values()].map(({ api }) => api);
    await Promise.all(plans.map((plan) => nodes.#configure(plan, peers)));
    await until("all know of all", async () => {
      const known = await Promise.all(plans.map(({ name }) => nodes.known(name)));
      return known.every((list) => list.length === plans.length && list.every(({ state }) => state === "alive"));
    });
    return nodes;
  }

  of(name: string): DirectorNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** The name of the node that a URL leads to. */
  nameOf(url: string): string {
    const { port } = new URL(url);
    const found = [...this.#nodes].find(
      ([, { http, server }]) => new URL(http).port === port || server.port === Number(port),
    );
    return found?.[0] ?? `nobody at ${url}`;
  }

  /** What a node knows of nodes. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer of the API
  async known(name: string): Promise<any[]> {
    return ((await (await fetch(`${this.of(name).api}/api/v1/nodes`)).json()) as { nodes: unknown[] }).nodes;
  }

  /** Waits until a node knows a stream at all of these. */
  async streams(at: string, of: readonly string[]): Promise<void> {
    const urls = of.map((name) => this.of(name).api);
    await until(`streams of ${of.join()} at ${at}`, async () => {
      const nodes = await this.known(at);
      return urls.every((url) => nodes.some(({ peer, self, streams }) => (peer === url || self) && streams > 0));
    });
  }

  async #configure({ name, named = false, origin, cluster = "" }: NodePlan, peers: readonly string[]): Promise<void> {
    const { server, http } = this.of(name);
    const lines = [
      LISTEN,
      `[cluster]\nsecret = "the secret of all nodes"\npeers = ${JSON.stringify(peers)}`,
      named ? `advertise = ["rtmp://127.0.0.1:${server.port}", "${http}"]` : "",
      `${cluster}\n[vhost.__defaultVhost__]\ndirector = "redirect"`,
      origin === undefined ? "" : `edge.origin = "127.0.0.1:${this.of(origin).server.port}"`,
      HLS,
    ];
    await server.reload(`${lines.join("\n")}\n`);
  }
}

/** A viewer of one address over HTTP that asks for it again whenever its answer ends. */
export class LoopedViewer {
  /** The URL that its newest bytes came from. */
  from = "";
  readonly #url: string;
  readonly #stop = new AbortController();

  constructor(stage: Stage, url: string) {
    this.#url = url;
    stage.defer(() => this.#stop.abort());
    void this.#play();
  }

  async #play(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const answer = await fetch(this.#url, { signal: this.#stop.signal });
        for await (const _ of answer.body ?? []) this.from = answer.ok ? answer.url : "";
      } catch {
        // The server is gone, or the test is over.
      }
      await Bun.sleep(100);
    }
  }
}
