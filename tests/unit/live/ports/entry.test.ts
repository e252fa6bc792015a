import { describe, expect, test } from "bun:test";
import type { AccessRequest, ConnectAccess, Guard, GuardResult } from "../../../../src/live/ports/access.ts";
import { ConnectionAccount } from "../../../../src/live/ports/connections.ts";
import { Entry } from "../../../../src/live/ports/entry.ts";
import { accessRequest } from "../../../support/access.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const NAME = { vhost: "show.example", app: "live", stream: "show" };

/** An entry for a protocol of its own, with what the test lists. */
class Stage {
  readonly clock = new FakeClock();
  readonly vhosts = new Map<string, { enabled: boolean }>([["show.example", { enabled: true }]]);
  readonly guards: Guard[] = [];
  readonly answers: string[] = [];
  readonly entry = new Entry({
    clock: this.clock,
    nodeId: "here",
    vhosts: { find: (name) => this.#find(name) ?? this.#find("default"), named: (name) => this.#find(name) },
    guards: this.guards,
    countingGuards: [],
    connections: new ConnectionAccount({
      maxConnections: 1,
      limiter: { acquire: () => undefined, release: () => undefined, countRequest: () => undefined },
    }),
  });

  enter(change: Partial<AccessRequest> = {}) {
    return this.entry.client().enter(accessRequest({ protocol: "http", name: NAME, ...change }), (result) => {
      this.answers.push(result.ok ? `in: ${Object.values(result.name).join("/")}${result.param}` : said(result));
    });
  }

  connect(change: Partial<ConnectAccess> & { vhost?: string } = {}, mayMove = false) {
    const request = { ...accessRequest({ protocol: "http" }), vhost: "show.example", app: "live", ...change };
    return this.entry.client().connect(request, mayMove, (result) => {
      this.answers.push(result.ok ? `in: ${result.vhost?.name}` : said(result));
    });
  }

  #find(name: string) {
    const config = this.vhosts.get(name);
    return config === undefined ? undefined : { name, config };
  }
}

function said({ rule, kind, reason }: { rule: string; kind: string; reason: string }): string {
  return `${rule}, ${kind}: ${reason}`;
}

/** Lets what waits for promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("A client of any protocol that wants a stream", () => {
  test("is let in at once when nothing forbids it, under its vhost's configured name", () => {
    const stage = new Stage();
    stage.vhosts.set("default", { enabled: true });
    stage.enter({ param: "?a=1" });
    stage.enter({ name: { ...NAME, vhost: "other.example" } });
    expect(stage.answers).toEqual(["in: show.example/live/show?a=1", "in: default/live/show"]);
  });

  test("is refused with a kind and a sentence for a vhost, for hops and by a guard, in this order", () => {
    const stage = new Stage();
    stage.guards.push({ name: "rule", check: ({ protocol }) => ({ kind: "denied", reason: `no ${protocol}` }) });
    stage.enter();
    stage.vhosts.set("show.example", { enabled: false });
    stage.enter();
    stage.vhosts.clear();
    stage.enter();
    stage.enter({ hops: ["there", "here"] });
    stage.enter({ hops: Array(33).fill("there") });
    expect(stage.answers).toEqual([
      "rule, denied: no http",
      'vhost, vhost: vhost "show.example" is switched off',
      'vhost, vhost: no vhost "show.example" here',
      "loop, loop: forward loop: the stream has passed through this server already",
      "loop, loop: forward loop: the stream has passed more than 32 servers",
    ]);
  });

  test("waits for guards that take time, and is checked against the vhosts after that", async () => {
    const stage = new Stage();
    stage.vhosts.set("default", { enabled: true });
    const asked: string[] = [];
    stage.guards.push({
      name: "slow",
      check: async ({ name }) => {
        asked.push(name.vhost);
        return undefined;
      },
    });
    stage.enter();
    stage.vhosts.delete("show.example");
    expect(stage.answers).toEqual([]);
    await settle();
    expect(asked).toEqual(["show.example", "default"]);
    expect(stage.answers).toEqual(["in: default/live/show"]);
    stage.enter();
    stage.vhosts.clear();
    await settle();
    expect(stage.answers.slice(1)).toEqual(['vhost, vhost: no vhost "show.example" here']);
  });

  test("gets no answer after it has cancelled its request", async () => {
    const stage = new Stage();
    stage.guards.push({ name: "slow", check: async () => undefined });
    stage.enter().cancel();
    await settle();
    expect(stage.answers).toEqual([]);
  });

  test("is refused as unavailable when a guard fails", () => {
    const stage = new Stage();
    stage.guards.push({
      name: "broken",
      check: () => {
        throw new Error("disk full");
      },
    });
    stage.enter();
    expect(stage.answers).toEqual(["broken, unavailable: access could not be checked"]);
  });
});

describe("A client that connects", () => {
  test("is refused for its vhost unless the stream's name may select another, and for its hops", () => {
    const stage = new Stage();
    stage.connect();
    stage.connect({ vhost: "other.example" });
    stage.connect({ vhost: "other.example" }, true);
    stage.connect({ hops: ["here"] }, true);
    expect(stage.answers).toEqual([
      "in: show.example",
      'connect, vhost: no vhost "other.example" here',
      "in: undefined",
      "connect, loop: forward loop: the stream has passed through this server already",
    ]);
  });

  test("is decided by guards with a rule on connects, which may take time, and by no others", async () => {
    const stage = new Stage();
    const { promise, resolve } = Promise.withResolvers<GuardResult>();
    const check = () => ({ kind: "denied", reason: "not now" }) as const;
    stage.guards.push({ name: "streams only", check }, { name: "hook", check, checkConnect: () => promise });
    stage.connect();
    stage.connect();
    expect(stage.answers).toEqual([]);
    resolve({ kind: "limit", reason: "too many" });
    await settle();
    expect(stage.answers).toEqual(["hook, limit: too many", "hook, limit: too many"]);
    expect(stage.clock.timers).toBe(0);
  });
});

test("a client's vhost is looked up again by its configured name when the configuration changes", () => {
  const stage = new Stage();
  stage.vhosts.set("default", { enabled: true });
  const reason = () => {
    const found = stage.entry.recheckVhost("show.example");
    return found.ok ? found.vhost.name : found.reason;
  };
  expect(reason()).toBe("show.example");
  stage.vhosts.set("show.example", { enabled: false });
  expect(reason()).toBe('vhost "show.example" is switched off');
  stage.vhosts.delete("show.example");
  expect(reason()).toBe('vhost "show.example" was removed');
});

test("Guards get the mark of a client that another server has sent, and origins do not", () => {
  const stage = new Stage();
  const told: unknown[] = [];
  stage.guards.push({ name: "look", check: ({ directed = false, param }) => void told.push([directed, param]) });
  stage.enter({ param: "?a=1" });
  stage.enter({ param: "?srs_directed=1&a=1" });
  stage.enter({ param: "?srs_directed=1" });
  expect(told).toEqual([
    [false, "?a=1"],
    [true, "?a=1"],
    [true, ""],
  ]);
  expect(stage.answers.map((answer) => answer.replace(/.*show/, ""))).toEqual(["?a=1", "?a=1", ""]);
});
