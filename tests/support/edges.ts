import { parseOrigin, REGISTRY } from "../../src/features/edge/address.ts";
import type { EdgeConfig } from "../../src/features/edge/config.ts";
import type { Demand } from "../../src/live/readers/demand.ts";
import { HandshakeChoice } from "../../src/relay/handshake-choice.ts";
import { RtmpPullClient } from "../../src/relay/rtmp-pull-client.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNode } from "./fake-node.ts";
import type { FakeServers } from "./fake-redis.ts";
import { FakeNet } from "./fake-transport.ts";
import { type Feed, LiveStage, Viewer } from "./live.ts";
import { mulberry32 } from "./random.ts";
import { publishDefaults } from "./rtmp-stage.ts";

/** Answers of a registry come within so many ms, one after the other. */
const STEP_MS = 5;

const nobody: Demand = { param: "", hops: [], tcUrl: "", pageUrl: "", swfUrl: "" };

/** Origins and edges on one network in memory. */
export class EdgeStage {
  readonly clock = new FakeClock();
  readonly net: FakeNet;
  readonly #live = new LiveStage();

  constructor(seed = 1) {
    this.net = new FakeNet(this.clock, mulberry32(seed));
  }

  /** A node of a cluster with a registry, which looks for streams at other nodes. */
  registered(
    name: string,
    redis: FakeServers,
    edge: Partial<EdgeConfig> = {},
    publish = publishDefaults,
    clock = this.clock,
    randomNumber = () => 0.5,
  ): FakeNode {
    const config = { origin: [REGISTRY], ...edge } as const;
    return new FakeNode(clock, this.net, `${name}:1935`, [], publish, config, redis, randomNumber);
  }

  /** Lets time pass in small steps, in which promises settle. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.clock.advance(Math.min(left, STEP_MS));
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }

  /** A server, `a` at `a:1935`, with what its configuration's edge table says. */
  node(name: string, edge: Partial<Omit<EdgeConfig, "origin">> & { origin?: readonly string[] } = {}): FakeNode {
    const { origin = [], ...rest } = edge;
    const config = { ...rest, origin: origin.map(parseOrigin) };
    return new FakeNode(this.clock, this.net, `${name}:1935`, [], undefined, config);
  }

  /** Somebody watches a stream at a server. */
  watch(node: FakeNode, name = "show", demand: Partial<Demand> = {}): Viewer {
    return new Viewer(this.#live, node.stream(name), { demand: { ...nobody, ...demand } });
  }

  /** A client connects to a server and plays or publishes there; what it is told, one line each. */
  client(name: string, role: "play" | "publish", tcUrl: string, playPath: string, app = "live"): string[] {
    const told: string[] = [];
    const context = {
      clock: this.clock,
      dial: this.net.dial,
      random: (into: Uint8Array) => into.fill(5),
      identity: {},
    };
    const target = { role, tcUrl, app, playPath, hops: [], pageUrl: "http://page", swfUrl: "http://swf" };
    new RtmpPullClient(
      { ...context, limits: defaultLimits },
      { ...target, host: name, port: 1935, tls: false, handshake: new HandshakeChoice(), timeoutMs: 5000 },
      {
        started: () => told.push("started"),
        over: ({ error }) => told.push(error),
        push: () => undefined,
      },
    );
    return told;
  }

  /** The server's program and its connections are gone, as by kill -9. */
  kill(name: string): void {
    this.net.hosts.set(`${name}:1935`, { refuse: "connection refused" });
    for (const { dialled, accepted } of this.net.connections) {
      if (dialled.remote.host !== name || !dialled.open) continue;
      dialled.fail("connection reset by peer");
      accepted.fail("killed");
    }
  }

  /** The server takes connections and data, and does nothing more. */
  freeze(name: string): void {
    const mute = { onOpen() {}, onData() {}, onDrain() {}, onClose() {} };
    this.net.hosts.set(`${name}:1935`, { accept: () => mute });
    for (const { dialled, accepted } of this.net.connections)
      if (dialled.remote.host === name) {
        accepted.reading = false;
        dialled.reading = false;
      }
  }

  /** A GOP of one second on each of the feeds at once. */
  second(label: string, ...feeds: readonly Feed[]): void {
    for (const feed of feeds) feed.key(label);
    for (let frame = 1; frame <= 24; frame++) {
      this.#step(feeds);
      for (const feed of feeds) feed.inter(`${label}+${frame}`);
    }
    this.#step(feeds);
  }

  #step(feeds: readonly Feed[]): void {
    this.clock.advance(40);
    for (const feed of feeds) feed.time += 40;
  }
}
