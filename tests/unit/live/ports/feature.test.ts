import { expect, test } from "bun:test";
import type { AccessRequest, GuardResult } from "../../../../src/live/ports/access.ts";
import { type Feature, FeatureSet } from "../../../../src/live/ports/feature.ts";
import type { Report } from "../../../../src/live/ports/report.ts";
import type { StreamName, StreamObserver } from "../../../../src/live/streams.ts";
import { LiveStage } from "../../../support/live.ts";

/** A feature as a later one might be: it counts streams, and lets nobody watch what is called "secret". */
class StreamCounter implements Feature, StreamObserver {
  readonly name = "counter";
  readonly streams = this;
  readonly guards = [this];
  readonly did: string[] = [];
  idle = true;
  #published = 0;
  #now = 0;

  published(_stream: unknown, { stream }: StreamName): void {
    this.did.push(`published ${stream}`);
    this.#published++;
    this.#now++;
    this.idle = false;
  }

  unpublished(): void {
    this.#now--;
    this.idle = this.#now === 0;
  }

  check({ action, name }: Pick<AccessRequest, "action" | "name">): GuardResult {
    return action === "play" && name.stream === "secret" ? { kind: "denied", reason: "secret" } : undefined;
  }

  reconfigure(): void {
    this.did.push("reconfigured");
  }

  report(): Report {
    return { now: { counted: this.#now }, since: { published: this.#published }, received: 1 };
  }

  serverReturned(hosts: ReadonlySet<string>): void {
    this.did.push(`returned: ${[...hosts].join(" ")}`);
  }

  stop(how: string): void {
    this.did.push(`stopped, ${how}`);
  }

  close(): void {
    this.did.push("closed");
  }
}

/** A server's streams with these features. */
function serverWith(...features: Feature[]) {
  const stage = new LiveStage();
  const set = new FeatureSet(features);
  for (const observer of set.streamObservers) stage.observe(observer);
  return { stage, set };
}

test("A feature is notified of streams, configuration and the stop, asked for access, and reports", () => {
  const counter = new StreamCounter();
  const { stage, set } = serverWith(counter);
  const feed = stage.publish("show");
  expect(set.idle).toBe(false);
  set.reconfigure();
  set.serverReturned(new Set(["b"]));
  expect(set.report()).toEqual({
    now: { counted: 1 },
    since: { published: 1 },
    relays: [],
    origins: [],
    transcoders: [],
    hooks: [],
    registries: [],
    health: [],
    received: 1,
    sent: 0,
  });
  const request = { action: "play", name: { vhost: "v", app: "live", stream: "secret" } } as AccessRequest;
  expect(set.guards.map((guard) => guard.check(request))).toEqual([{ kind: "denied", reason: "secret" }]);
  set.stop("unpublished");
  feed.end("unpublished");
  expect(set.idle).toBe(true);
  set.close();
  expect(counter.did).toEqual(["published show", "reconfigured", "returned: b", "stopped, unpublished", "closed"]);
});

test("A feature may implement nothing of the contract except its name", () => {
  const { set } = serverWith({ name: "nothing" });
  set.reconfigure();
  set.serverReturned(new Set());
  set.stop("lost");
  set.close();
  expect([set.idle, set.guards, set.countingGuards]).toEqual([true, [], []]);
  expect(set.report()).toEqual({
    now: {},
    since: {},
    relays: [],
    origins: [],
    transcoders: [],
    hooks: [],
    registries: [],
    health: [],
    received: 0,
    sent: 0,
  });
});

test("The order of features holds for all parts of the contract", () => {
  const told: string[] = [];
  const named = (name: string): Feature => ({
    name,
    streams: { published: () => told.push(`${name} published`), unpublished: () => undefined },
    guards: [{ name, check: () => undefined }],
    reconfigure: () => told.push(`${name} reconfigured`),
    stop: () => told.push(`${name} stopped`),
  });
  const { stage, set } = serverWith(named("first"), named("second"));
  stage.publish();
  set.reconfigure();
  set.stop("lost");
  const did = ["published", "reconfigured", "stopped"];
  expect(told).toEqual(did.flatMap((what) => [`first ${what}`, `second ${what}`]));
  expect(set.guards.map(({ name }) => name)).toEqual(["first", "second"]);
});

test("A stream is searched for as long as the slowest feature searches", () => {
  const searching = (searchMs: number): Feature => ({ name: "searching", searchMs: () => searchMs });
  const name = { vhost: "v", app: "live", stream: "show" };
  const demand = { param: "", tcUrl: "", pageUrl: "", swfUrl: "", hops: [] };
  expect(new FeatureSet([{ name: "nothing" }]).searchMs(name, demand)).toBe(0);
  expect(new FeatureSet([searching(100), searching(Infinity), searching(5)]).searchMs(name, demand)).toBe(Infinity);
});

test("Reported numbers of the same name are added up over features", () => {
  const counts = { lagMs: 5, bytes: 1, dropped: 0, since: 0, attempt: 0 };
  const none = { nextRetryAt: undefined, lastError: undefined, failingSince: undefined };
  const at = { id: "f1", stream: "v/live/a", flow: "push", to: "edge:1935", state: "running" } as const;
  const relay = { ...at, ...counts, ...none, running: true, failing: false };
  const one: Feature = { name: "one", report: () => ({ now: { players: 2 }, since: { refused: 1 }, sent: 10 }) };
  const two: Feature = { name: "two", report: () => ({ now: { players: 3, streams: 1 }, relays: [relay], sent: 5 }) };
  expect(new FeatureSet([one, two]).report()).toEqual({
    now: { players: 5, streams: 1 },
    since: { refused: 1 },
    relays: [relay],
    origins: [],
    transcoders: [],
    hooks: [],
    registries: [],
    health: [],
    received: 0,
    sent: 15,
  });
});
