import { expect, test } from "bun:test";
import { ConnectionAccount, type ConnectionPermit } from "../../../../src/live/ports/connections.ts";

/** An account whose limiter lets one connection of each address be. */
class Stage {
  readonly taken = new Set<string>();
  readonly account = new ConnectionAccount({
    maxConnections: 2,
    limiter: {
      acquire: (host) => {
        if (this.taken.has(host)) return { rule: "one_each", reason: `${host} is here` };
        this.taken.add(host);
        return undefined;
      },
      release: (host) => this.taken.delete(host),
      countRequest: (host) => (host === "z" ? { rule: "rate", reason: "z asks too often" } : undefined),
    },
  });

  open(host: string): ConnectionPermit {
    const permit = this.account.acquire(host);
    if (!permit.ok) throw new Error(permit.reason);
    return permit;
  }

  refusal(host: string): string {
    const permit = this.account.acquire(host);
    return permit.ok ? "none" : `${permit.rule}: ${permit.reason}`;
  }
}

test("requests are counted by the limits of their address", () => {
  const { account } = new Stage();
  expect([account.countRequest("a"), account.countRequest("z")]).toEqual([
    undefined,
    { rule: "rate", reason: "z asks too often" },
  ]);
});

test("answers are finished for hung-up connections up to a quarter of the limit", () => {
  const account = new ConnectionAccount({
    maxConnections: 8,
    limiter: { acquire: () => undefined, release: () => undefined, countRequest: () => undefined },
  });
  const permits = Array.from({ length: 3 }, () => account.acquire("a"));
  const crowded = permits.map((permit) => {
    const { crowded: before } = account;
    if (permit.ok) permit.hungUp();
    return before;
  });
  expect(crowded).toEqual([false, false, true]);
  for (const permit of permits) if (permit.ok) permit.gone();
  expect(account.crowded).toBe(false);
});

test("listeners share one limit of connections, and a connection that hangs up releases its permit at once", () => {
  const stage = new Stage();
  const first = stage.open("a");
  stage.open("b");
  expect(stage.account.hasRoom(0)).toBe(false);
  expect(stage.refusal("c")).toBe("max_connections: max_connections is reached, 2");
  first.hungUp();
  expect(stage.account.size).toBe(1);
  expect([stage.account.hasRoom(0), stage.account.hasRoom(1)]).toEqual([true, false]);
  stage.open("c");
});

test("a refused address uses no permit, and its own permit is released when its connection is gone", () => {
  const stage = new Stage();
  const first = stage.open("a");
  expect(stage.refusal("a")).toBe("one_each: a is here");
  expect(stage.account.size).toBe(1);
  first.gone();
  stage.open("a");
  expect(stage.account.size).toBe(1);
});

test("connections that hang up faster than they can be ended are refused at the same limit", () => {
  const stage = new Stage();
  const permits = [stage.open("a"), stage.open("b")];
  for (const permit of permits) permit.hungUp();
  expect(stage.refusal("c")).toBe("max_connections: 2 connections that have hung up are still being ended");
  for (const permit of permits) permit.gone();
  stage.open("c");
});

test("a permit is released once, however often its connection ends", () => {
  const stage = new Stage();
  const first = stage.open("a");
  for (const end of [first.hungUp, first.hungUp, first.gone, first.gone]) end();
  expect(stage.account.size).toBe(0);
  stage.open("a");
  first.gone();
  expect(stage.account.size).toBe(1);
  expect(stage.taken).toEqual(new Set(["a"]));
});
