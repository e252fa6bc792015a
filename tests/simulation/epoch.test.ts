import { expect, test } from "bun:test";
import { parseOrigin } from "../../src/features/edge/address.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNode } from "../support/fake-node.ts";
import { FakeNet } from "../support/fake-transport.ts";
import { type Feed, streamDefaults } from "../support/live.ts";
import { compare, Programme } from "../support/programme.ts";
import { mulberry32 } from "../support/random.ts";
import { publishDefaults } from "../support/rtmp-stage.ts";

const FRAME_MS = 100;
const FRAME_BYTES = 24_000;
const demand = { param: "", hops: [], tcUrl: "", pageUrl: "", swfUrl: "" };
const standby = { ...publishDefaults, on_conflict: "standby" as const };
const timeJitters = ["full", "zero"] as const;

/** An origin with an encoder that changes all the time, and edges whose connections break. */
class Cluster {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly net: FakeNet;
  readonly programmes: Programme[] = [];
  readonly origin: FakeNode;
  readonly forwarded: FakeNode;
  losses = 0;
  #feed: Feed | undefined;
  #headers = 0;
  #gopFrames = 10;
  #frame = 0;
  #frozenUntil = 0;

  constructor(seed: number) {
    this.random = mulberry32(seed);
    // Whole pieces: fragments are tested elsewhere.
    this.net = new FakeNet(this.clock);
    this.forwarded = this.#node("f", [], []);
    this.origin = this.#node("o", ["f:1935"], []);
    this.pulling("p", "o:1935");
    this.pulling("q", "p:1935");
    this.pulling("r", "f:1935", "o:1935");
  }

  #node(name: string, forward: readonly string[], origins: readonly string[]): FakeNode {
    const edge = { origin: origins.map(parseOrigin) };
    const node = new FakeNode(this.clock, this.net, `${name}:1935`, forward, standby, edge);
    this.programmes.push(new Programme(node.stream(), demand));
    const timeJitter = timeJitters[Math.floor(this.random() * timeJitters.length)] ?? "full";
    const config = { ...streamDefaults, queue_length: 2, time_jitter: timeJitter };
    node.streams.configure("__defaultVhost__", { ...config, mw_latency: this.random() < 0.5 ? "auto" : 350 });
    return node;
  }

  pulling(name: string, ...origins: readonly string[]): void {
    this.#node(name, [], origins);
  }

  run(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.#randomEvent();
      for (let at = 0; at < 1000 / FRAME_MS; at++) this.#send();
    }
    this.losses = this.forwarded.stream().epochs.losses.length;
  }

  #send(): void {
    const feed = this.#feed;
    const name = `${feed?.source.info.id}.${++this.#frame}`;
    if (this.#frame % this.#gopFrames === 0) feed?.key(name, FRAME_BYTES);
    else feed?.inter(name, FRAME_BYTES);
    feed?.audio(`s${name}`);
    if (feed !== undefined) feed.time += FRAME_MS;
    this.clock.advance(FRAME_MS);
    if (this.#frozenUntil !== 0 && this.clock.now() >= this.#frozenUntil) this.#freeze(0);
  }

  #randomEvent(): void {
    const dice = this.random();
    if (this.#feed === undefined || dice < 0.03) this.#publish();
    else if (dice < 0.05) {
      this.#feed.end(dice < 0.04 ? "lost" : "unpublished");
      this.#feed = undefined;
    } else if (dice < 0.08) this.#feed.headers(`V${++this.#headers}`, `A${this.#headers}`);
    else if (dice < 0.11) this.#gopFrames = 10 + Math.floor(this.random() * 30);
    else if (dice < 0.13) this.clock.advance(Math.floor(this.random() * 20_000));
    else if (dice < 0.17) this.#cut();
    else if (dice < 0.21 && this.#frozenUntil === 0) this.#freeze(this.clock.now() + 4500);
  }

  #publish(): void {
    this.#feed?.end("lost");
    this.#feed = this.origin.publish("show", { id: `e${++this.#headers}` });
    this.#feed.time = Math.floor(this.random() * 2 ** 32);
    this.#feed.headers(`V${this.#headers}`, `A${this.#headers}`);
  }

  #cut(): void {
    const open = this.net.connections.filter(({ dialled }) => dialled.open);
    const one = open[Math.floor(this.random() * open.length)];
    one?.dialled.fail("cut");
    one?.accepted.fail("cut");
  }

  /** The edge that the origin forwards to reads nothing until then. */
  #freeze(until: number): void {
    this.#frozenUntil = until;
    for (const { dialled, accepted } of this.net.connections)
      if (dialled.remote.host === "f" && dialled.open) accepted.reading = until === 0;
  }
}

test("servers agree on the place of each picture that they have, whatever happens to the encoder and to connections", () => {
  let shared = 0;
  let losses = 0;
  const spans = new Set<string>();
  for (let seed = 1; seed <= 8; seed++) {
    const cluster = new Cluster(seed);
    cluster.run(150);
    const [forwarded, origin, ...others] = cluster.programmes as [Programme, Programme, ...Programme[]];
    const found = compare(origin, forwarded, ...others);
    expect({ seed, different: found.different.slice(0, 5) }).toEqual({ seed, different: [] });
    shared += found.shared;
    losses += cluster.losses;
    for (const place of origin.places.values()) spans.add(`${seed} ${place.split(" ", 2).join(" ")}`);
    for (const [at, { id, number, date }] of origin.numbers.entries()) {
      const before = origin.numbers[at - 1];
      if (before === undefined) continue;
      expect(date).toBeGreaterThanOrEqual(before.date);
      if (id === before.id) expect(number).toBeGreaterThanOrEqual(before.number);
      else expect(number).toBeGreaterThan(before.number);
    }
  }
  // It does what it is meant to do.
  expect(shared).toBeGreaterThan(20_000);
  expect(spans.size).toBeGreaterThan(100);
  expect(losses).toBeGreaterThan(30);
}, 120_000);
