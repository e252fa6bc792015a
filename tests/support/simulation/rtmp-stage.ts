import type { FakeNode } from "../fake-node.ts";
import type { Viewer } from "../live.ts";
import { type EncoderFeed, RegistryStage } from "../registry-stage.ts";
import { publishDefaults } from "../rtmp-stage.ts";
import {
  FIRST_PACKET_MS,
  type HistoryConfig,
  type HistoryEncoder,
  type HistoryNode,
  type HistoryStage,
  type HistoryViewer,
  type NodeSetup,
  type Push,
} from "./history-stage.ts";

/** Nodes, encoders and viewers of a history as they are: all that they tell each other is RTMP. */
export class RtmpStage implements HistoryStage {
  readonly onConflict: HistoryConfig["onConflict"];
  readonly #stage: RegistryStage;
  readonly #config: HistoryConfig;
  #encoders = 0;

  constructor(config: HistoryConfig) {
    this.onConflict = config.onConflict;
    this.#config = config;
    this.#stage = new RegistryStage(config.onConflict);
  }

  get clock() {
    return this.#stage.clock;
  }

  get cuts(): ReadonlySet<string> {
    return this.#stage.net.cuts;
  }

  get open(): readonly string[] {
    const open = this.#stage.net.connections.filter(({ dialled }) => dialled.open);
    return open.map(({ from, dialled }) => `${from}>${dialled.remote.host}`);
  }

  node(name: string, { servers, clock, random }: NodeSetup): HistoryNode {
    const { onConflict, grace, edge } = this.#config;
    const publish = { ...publishDefaults, on_conflict: onConflict, grace, firstpkt_timeout: FIRST_PACKET_MS };
    const { hosts } = this.#stage.net;
    const address = `${name}:1935`;
    const before = hosts.get(address) ?? { refuse: "connection refused" };
    const node = this.#stage.registered(name, servers, edge, publish, clock, random);
    // It is given the clients later.
    hosts.set(address, before);
    return node;
  }

  encoder(timeMs: number): HistoryEncoder {
    const feed = this.#stage.feed(`e${this.#encoders++}`);
    feed.media.time = timeMs;
    return new RtmpEncoder(this.#stage, feed);
  }

  watch(node: HistoryNode, stream: string): HistoryViewer {
    return new RtmpViewer(this.#stage.watch(node as FakeNode, stream));
  }

  cut(from: string, to: string): void {
    this.#stage.net.cuts.add(`${from}>${to}`);
    this.#setReading(from, to, false);
  }

  join(): void {
    const { cuts } = this.#stage.net;
    for (const cut of cuts) {
      const [from = "", to = ""] = cut.split(">");
      this.#setReading(from, to, true);
    }
    cuts.clear();
  }

  end(node: HistoryNode, silently: boolean): void {
    if (silently) this.#stage.lose(node as FakeNode);
    else this.#stage.end(node as FakeNode);
  }

  kill(name: string): void {
    this.#stage.kill(name);
  }

  endLocal(paths: readonly string[]): void {
    for (const { path, dialled, accepted } of this.#stage.net.locals) {
      if (!paths.includes(path)) continue;
      dialled.fail("closed");
      accepted.fail("closed");
    }
  }

  #setReading(from: string, to: string, reading: boolean): void {
    for (const { from: by, dialled, accepted } of this.#stage.net.connections) {
      if (by !== from || dialled.remote.host !== to) continue;
      dialled.reading = reading;
      accepted.reading = reading;
    }
  }
}

class RtmpEncoder implements HistoryEncoder {
  readonly #stage: RegistryStage;
  readonly #feed: EncoderFeed;

  constructor(stage: RegistryStage, feed: EncoderFeed) {
    this.#stage = stage;
    this.#feed = feed;
  }

  frame(afterMs: number): void {
    const { media } = this.#feed;
    media.time += afterMs;
    media.key(`k${this.#stage.clock.now()}`);
  }

  publish(node: string, stream: string, running: () => void): Push {
    return this.#stage.encode(this.#feed, node, stream, running);
  }

  unplug(): void {
    this.#stage.unplug(this.#feed);
  }

  hangUp(): void {
    this.#stage.hangUp(this.#feed);
  }

  end(): void {
    this.#feed.media.source.end("unpublished");
  }
}

class RtmpViewer implements HistoryViewer {
  readonly #viewer: Viewer;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
  }

  played(): boolean {
    return this.#viewer.news().some((name) => name.startsWith("k"));
  }

  leave(): void {
    this.#viewer.leave();
  }
}
