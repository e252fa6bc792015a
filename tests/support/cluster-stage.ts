import type { Clock } from "../../src/base/clock.ts";
import type { HttpGet } from "../../src/base/http.ts";
import type { Dial, Transport } from "../../src/base/transport.ts";
import { Cluster } from "../../src/features/cluster/cluster.ts";
import { type ClusterConfig, clusterTable } from "../../src/features/cluster/config.ts";
import type { KnownNode, NodeLink } from "../../src/live/ports/nodes.ts";
import type { Stream } from "../../src/live/stream.ts";
import { FakeClock } from "./fake-clock.ts";
import { answerOf, bodyOf } from "./http-exchange.ts";
import { getRequest } from "./http-request.ts";
import { mulberry32 } from "./random.ts";
import { RecordingLog } from "./recording-log.ts";

const clusterDefaults = Object.fromEntries(
  Object.entries(clusterTable.entries).map(([name, key]) => [name, key.default]),
) as unknown as ClusterConfig;

/** How a node answers: not at all, never, with something else than it should, or only after a time. */
export type Mood =
  | "well"
  | "down"
  | "silent"
  | "garbage"
  | "huge"
  | "forging"
  | "replaying"
  | "another version"
  | "no cluster"
  | { readonly lateMs: number };

const HUGE = "x".repeat(3_000_000);

/** A node of a cluster without sockets. Its clock has an origin of its own. */
export class ClusterNode {
  readonly url: string;
  readonly log = new RecordingLog();
  readonly returned: string[][] = [];
  cluster: Cluster;
  mood: Mood = "well";
  config: ClusterConfig;
  secret = "the secret of all nodes";
  draining = false;
  connections = 0;
  links: readonly NodeLink[] = [];
  /** The body of the last answer that was right. */
  lastBody = "";
  readonly #stage: ClusterStage;
  readonly #clockOffsetMs: number;

  constructor(stage: ClusterStage, name: string, clockOffsetMs: number, config: Partial<ClusterConfig>) {
    this.url = `http://${name}:1985`;
    this.config = { ...clusterDefaults, advertise: [`rtmp://${name}:1935`], ...config };
    this.#stage = stage;
    this.#clockOffsetMs = clockOffsetMs;
    this.cluster = this.#make();
  }

  get name(): string {
    return URL.parse(this.url)?.hostname ?? "";
  }

  /** Another process takes its place. */
  restart(): void {
    this.cluster.stop();
    this.draining = false;
    this.cluster = this.#make();
    this.cluster.start();
  }

  /** What it knows of the node of a name. */
  of(name: string): KnownNode | undefined {
    return this.cluster.all().find(({ source }) => source === `http://${name}:1985`);
  }

  /** The names of the nodes that are alive and don't drain, in their order. */
  get fit(): string[] {
    const others = this.cluster
      .all()
      .filter(({ isSelf, alive, state }) => !isSelf && alive && state?.draining === false);
    return others.map(({ source }) => URL.parse(source)?.hostname ?? "").toSorted();
  }

  /** A stream is published at it, or comes from another server. */
  publish(key: string, hops: readonly string[] = []): void {
    const source = { info: { via: "client", hops } };
    this.cluster.streams.published({ key, source } as unknown as Stream, {} as never, source as never);
  }

  unpublish(key: string): void {
    this.cluster.streams.unpublished({ key } as Stream, {} as never, "unpublished");
  }

  #make(): Cluster {
    const { clock, random, httpGet, dial } = this.#stage;
    const randomHex = (length: number) =>
      Array.from({ length }, () =>
        Math.floor(random() * 256)
          .toString(16)
          .padStart(2, "0"),
      ).join("");
    return new Cluster({
      clock: shifted(clock, this.#clockOffsetMs),
      ...{ log: this.log, httpGet, dial, randomHex, randomNumber: random, nodeId: randomHex(8), version: "1.2.3" },
      config: () => this.config,
      secret: () => this.secret,
      draining: () => this.draining,
      fetches: () => [],
      connections: () => this.connections,
      maxConnections: () => 1000,
      flow: () => ({ encoders: 0, viewers: 0, kbpsIn: 0, ageMs: undefined, unhealthy: 0, links: this.links }),
      bytesSent: () => 0,
      cpuSeconds: () => 0,
      onReturn: (hosts) => void this.returned.push([...hosts].toSorted()),
    });
  }
}

/** Nodes that ask each other in memory. */
export class ClusterStage {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly nodes: ClusterNode[] = [];
  /** Hosts that can't be dialled. */
  readonly unreachable = new Set<string>();
  /** How long an answer is on its way, ms. */
  latencyMs = 5;

  constructor(seed = 1) {
    this.random = mulberry32(seed);
  }

  /** Adds a node; each has all nodes as peers, itself too. */
  add(name: string, config: Partial<ClusterConfig> = {}): ClusterNode {
    const node = new ClusterNode(this, name, 1e7 * this.nodes.length + 1e9 * this.random(), config);
    this.nodes.push(node);
    return node;
  }

  start(): void {
    const peers = this.nodes.map(({ url }) => url);
    for (const node of this.nodes) {
      if (node.config.peers.length === 0) node.config = { ...node.config, peers };
      node.cluster.start();
    }
  }

  stop(): void {
    for (const { cluster } of this.nodes) cluster.stop();
  }

  readonly httpGet: HttpGet = (url, handler, { headers } = {}) => {
    const { origin, pathname, search } = new URL(url);
    const node = this.nodes.find((each) => each.url === origin);
    let isOver = false;
    const end = (reason?: string) => {
      if (isOver) return;
      isOver = true;
      handler.onEnd(reason);
    };
    const answer = () => {
      if (isOver) return;
      const mood = node?.mood ?? "down";
      if (mood === "down" || node === undefined) end("connection refused");
      else if (mood !== "silent") {
        const { status, text } = respond(node, mood, `${pathname}${search}`, headers ?? {});
        handler.onResponse(status, undefined, "");
        const bytes = new TextEncoder().encode(text);
        for (let at = 0; at < bytes.length && !isOver; at += 65_536) handler.onData(bytes.slice(at, at + 65_536));
        end();
      }
    };
    const late = typeof node?.mood === "object" ? node.mood.lateMs : 0;
    this.clock.after(this.latencyMs + late, answer);
    return {
      ip: "",
      abort: () => {
        isOver = true;
      },
    };
  };

  readonly dial: Dial = ({ host }, handler) => {
    let isOver = false;
    this.clock.after(this.latencyMs, () => {
      if (isOver) return;
      if (this.unreachable.has(host)) handler.onClose("connection refused");
      else handler.onOpen({ abort: () => handler.onClose(undefined) } as Transport);
    });
    return {
      abort: () => {
        isOver = true;
      },
    };
  };
}

function respond(node: ClusterNode, mood: Mood, target: string, headers: Readonly<Record<string, string>>) {
  if (mood === "garbage") return { status: 200, text: "\u0000<html>it works</html>" };
  if (mood === "huge") return { status: 200, text: HUGE };
  if (mood === "another version") return { status: 400, text: '{"cluster":9,"error":"?"}' };
  if (mood === "no cluster") return { status: 403, text: '{"code":9009,"error":"rights"}' };
  if (mood === "replaying" && node.lastBody !== "") return { status: 200, text: node.lastBody };
  const answer = answerOf(node.cluster, getRequest(target, { ...headers, host: new URL(node.url).host }));
  const { status } = answer ?? { status: 404 };
  const text = new TextDecoder().decode(bodyOf(answer));
  if (status === 200) node.lastBody = text;
  return { status, text: mood === "forging" ? text.replace(/"weight":\d+/, '"weight":1') : text };
}

/** The same clock with another origin. */
function shifted(clock: FakeClock, offsetMs: number): Clock {
  return {
    now: () => clock.now() + offsetMs,
    wall: () => clock.wall() - 3 * offsetMs,
    after: (delayMs, run) => clock.after(delayMs, run),
    every: (periodMs, run) => clock.every(periodMs, run),
    soon: (run) => clock.soon(run),
  };
}
