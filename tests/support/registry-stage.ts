import type { OnConflict } from "../../src/live/source/source.ts";
import type { Stream } from "../../src/live/stream.ts";
import { HandshakeChoice } from "../../src/relay/handshake-choice.ts";
import { Push } from "../../src/relay/push.ts";
import { RtmpFormats } from "../../src/rtmp/format.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { EdgeStage } from "./edges.ts";
import type { FakeNode } from "./fake-node.ts";
import { FakeRedis } from "./fake-redis.ts";
import type { FakeConnection } from "./fake-transport.ts";
import type { Feed } from "./live.ts";
import { filler, mulberry32 } from "./random.ts";
import { publishDefaults } from "./rtmp-stage.ts";

/** A kernel gives up a connection whose other end does not answer after this, ms. */
const GIVEN_UP_MS = 30_000;
/** Sooner when the other end's machine is gone: encoders notice that they get no answers. */
const LOST_MS = 8000;

/** Nodes that look for streams at each other, and the registry where they tell what they have. */
export class RegistryStage extends EdgeStage {
  readonly redis = new FakeRedis(this.clock);

  /** What nodes do with a second publisher. */
  readonly onConflict: OnConflict;

  constructor(onConflict: OnConflict = "reject") {
    super();
    this.onConflict = onConflict;
  }

  /** Nodes with these names, as many as are taken from it. */
  nodes(...names: readonly string[]): Nodes {
    const publish = { ...publishDefaults, on_conflict: this.onConflict };
    return names.map((name) => this.registered(name, this.redis, {}, publish)) as unknown as Nodes;
  }

  /** A node with chance of its own. */
  seeded(name: string, seed: number): FakeNode {
    return this.registered(name, this.redis, {}, publishDefaults, this.clock, mulberry32(seed));
  }

  /** So many seconds of media on all feeds, in which answers of the registry come: `k0`, `k0+1`… */
  async seconds(label: string, count: number, ...feeds: readonly Feed[]): Promise<void> {
    for (let at = 0; at < count; at++) {
      for (const feed of feeds) feed.key(`${label}${at}`);
      for (let frame = 1; frame <= 24; frame++) {
        await this.#frame(feeds);
        for (const feed of feeds) feed.inter(`${label}${at}+${frame}`);
      }
      await this.#frame(feeds);
    }
  }

  /** An encoder that publishes a feed's stream at a node. */
  encode(feed: EncoderFeed, node: string, name = "show", running: () => void = () => undefined): Encoder {
    const told: string[] = [];
    const push = new Push(
      {
        ...{
          clock: this.clock,
          dial: this.net.dialer(feed.name),
          random: filler(mulberry32(2)),
          formats: new RtmpFormats(),
        },
        ...{ limits: defaultLimits, identity: {}, chunkSize: 4096 },
      },
      {
        ...{ role: "publish", host: node, port: 1935, tls: false, app: "live", playPath: name, hops: [] },
        tcUrl: `rtmp://${node}/live`,
      },
      feed.stream,
      new HandshakeChoice(),
      {
        running: () => {
          told.push("running");
          running();
        },
        failed: (error) => told.push(error),
      },
    );
    return { told, stop: () => push.closeAfterFlush(() => undefined) };
  }

  /** The source of an encoder: a stream of a server that nobody else reaches. */
  feed(name: string): EncoderFeed {
    const node = this.node(name);
    return { name, stream: node.stream(), media: node.publish().headers() };
  }

  /** The cable of a feed's encoder is pulled: nothing comes any more, and after a while both kernels give its connections up. */
  unplug(feed: EncoderFeed): void {
    for (const { from, dialled, accepted } of this.net.connections)
      if (from === feed.name) this.#giveUp(GIVEN_UP_MS, dialled, accepted);
  }

  /** The connections of a feed's encoder end without a word. */
  hangUp(feed: EncoderFeed): void {
    for (const { from, accepted } of this.net.connections)
      if (from === feed.name) accepted.fail("connection reset by peer");
  }

  /** One process of a node is gone, and its connections; another one of the same node goes on. */
  end(node: FakeNode): void {
    this.net.gone.add(node);
    for (const [address, host] of this.net.hosts)
      if (host === node.host) this.net.hosts.set(address, { refuse: "connection refused" });
    for (const { by, at, dialled, accepted } of this.net.connections) {
      if (by === node) {
        accepted.fail("connection reset by peer");
        dialled.fail("killed");
      } else if (at === node.host) {
        dialled.fail("connection reset by peer");
        accepted.fail("killed");
      }
    }
  }

  /** Ends a node's machine: other nodes get no notice, and dials get no answer. */
  lose(node: FakeNode): void {
    this.net.gone.add(node);
    for (const [address, host] of this.net.hosts) if (host === node.host) this.net.hosts.set(address, "silent");
    for (const { by, at, dialled, accepted } of this.net.connections)
      if (by === node || at === node.host) this.#giveUp(LOST_MS, dialled, accepted);
  }

  /** Stops all input of a connection, and closes it after a while, as both kernels do. */
  #giveUp(afterMs: number, ...ends: readonly FakeConnection["dialled"][]): void {
    for (const end of ends) {
      end.reading = false;
      this.clock.after(afterMs, () => end.fail("connection timed out"));
    }
  }

  /** The node's process is gone: nothing comes from it any more, to the registry neither. */
  override kill(name: string): void {
    super.kill(name);
    this.redis.cutOff.add(Buffer.from(`${name}:1935`).toString("hex"));
  }

  /** Starts another process in the place of a node's: the old one keeps its connections. */
  async upgrade(node: FakeNode): Promise<FakeNode> {
    const name = Buffer.from(node.state.id, "hex").toString().replace(":1935", "");
    const path = `/${name}/${this.clock.now()}`;
    node.handover.expect(path, () => node.registry.handOver());
    const [next] = this.nodes(name);
    const joined = next.handover.join(path, `${path}/next`);
    await this.pass(20);
    await joined;
    next.handover.ready();
    await this.pass(20);
    return next;
  }

  /** Where a stream is, as a node knows it: names of nodes. */
  async located(node: FakeNode, name = "show"): Promise<Record<string, readonly string[]>> {
    const answer = node.registry.locate(`__defaultVhost__/live/${name}`);
    await this.pass(20);
    const nameOf = (id = "") => Buffer.from(id, "hex").toString().replace(":1935", "");
    const { places } = await answer;
    return Object.fromEntries(places.map(({ node, hops = [] }) => [nameOf(node.state?.id), hops.map(nameOf)]));
  }

  async #frame(feeds: readonly Feed[]): Promise<void> {
    await this.pass(40);
    for (const feed of feeds) feed.time += 40;
  }
}

/** What an encoder sends. */
export interface EncoderFeed {
  /** By which its connections are known. */
  readonly name: string;
  readonly stream: Stream;
  readonly media: Feed;
}

/** An encoder that publishes at a node. */
export interface Encoder {
  /** `running`, and why it does so no more. */
  readonly told: readonly string[];
  stop(): void;
}

/** No test takes more of them than it has named. */
type Nodes = [FakeNode, FakeNode, FakeNode, FakeNode];

/** Whether a node has the stream from a publisher of its own, from another node, or not at all. */
export function role(node: FakeNode): string {
  const source = node.stream().source;
  return source === undefined ? "none" : source.info.via;
}
