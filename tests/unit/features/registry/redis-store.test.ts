import { expect, test } from "bun:test";
import { RedisStore } from "../../../../src/features/registry/redis-store.ts";
import type { Claim } from "../../../../src/features/registry/store.ts";
import { RedisModel } from "../../../support/redis-model.ts";

const [KEY, A, B] = ["v/live/show", "a1", "b2"];

/** A registry on a clock of its own. */
class Time {
  now = 0;
  readonly #model = new RedisModel(() => this.now);
  readonly store = new RedisStore(
    async (command, args) => this.#model.run(command, args),
    () => "srs",
  );

  /** So many seconds in which these nodes renew their leases. */
  async seconds(count: number, ...ids: readonly string[]): Promise<void> {
    for (let at = 0; at < count; at++) {
      this.now += 1000;
      for (const id of ids) await this.store.renew(id, "{}");
    }
  }

  async claim(id: string, claim: Claim = "reject"): Promise<string | undefined> {
    const [answer] = await this.store.announce(id, [{ key: KEY, place: { role: "published", hops: [] }, claim }]);
    return answer?.owner;
  }
}

/** A registry that has just come back after an outage: A owned the stream in term 2, and has not renewed its lease. */
async function justBack(): Promise<Time> {
  const time = new Time();
  await time.seconds(10, A, B);
  await time.claim(A, { kept: 2 });
  await time.seconds(60);
  await time.store.renew(B, "{}");
  return time;
}

test("A node is dead when its lease has expired while others renew theirs", async () => {
  const time = new Time();
  await time.seconds(10, A, B);
  expect(await time.claim(A)).toBe(A);
  await time.seconds(4, B);
  expect(await time.claim(B)).toBe(A);
  await time.seconds(2, B);
  expect(await time.claim(B)).toBe(B);
});

test("A node is not dead while no node could renew a lease, but when it could and did not", async () => {
  for (const outage of [4, 5, 6, 60]) {
    const time = new Time();
    await time.seconds(10, A, B);
    await time.claim(A);
    await time.seconds(outage);
    await time.store.renew(B, "{}");
    expect(await time.claim(B)).toBe(A);
    await time.seconds(4, B);
    expect(await time.store.sweep(A)).toBe(false);
    expect(await time.claim(B)).toBe(A);
    await time.seconds(2, B);
    expect(await time.claim(B)).toBe(B);
  }
});

test("A node keeps a stream of the same term if its owner has no lease, even if the registry has just come back", async () => {
  const time = await justBack();
  expect(await time.claim(B, { kept: 2 })).toBe(B);
  // The other one comes after all: one of both has to go, and one stays.
  await time.store.renew(A, "{}");
  expect(await time.claim(A, { kept: 2 })).toBe(B);
  expect(await time.claim(B, { kept: 2 })).toBe(B);
});

test("A node that gets a stream of the same term has it in the next one: the other does not get it back by that term", async () => {
  const time = await justBack();
  expect(await time.claim(B, { kept: 2 })).toBe(B);
  await time.seconds(60);
  await time.store.renew(A, "{}");
  expect(await time.claim(A, { kept: 2 })).toBe(B);
  expect(await time.claim(B, { kept: 3 })).toBe(B);
});

test("A node does not get a stream of the same term from an owner that has renewed its lease", async () => {
  const time = await justBack();
  await time.store.renew(A, "{}");
  expect(await time.claim(B, { kept: 2 })).toBe(A);
});

test("A node that had a stream in an earlier term does not get it while its owner may still renew its lease", async () => {
  const time = await justBack();
  expect(await time.claim(B, { kept: 1 })).toBe(A);
  expect(await time.claim(B)).toBe(A);
});

test("A node that leaves releases its streams at once, even if the registry has just come back", async () => {
  const time = new Time();
  await time.seconds(1, A, B);
  expect(await time.claim(A)).toBe(A);
  await time.store.leave(A);
  expect(await time.claim(B)).toBe(B);
});

test("The entries of a node that died before it renewed a lease are swept", async () => {
  const time = new Time();
  await time.seconds(10, B);
  await time.claim(A);
  await time.seconds(1, B);
  expect(await time.store.nodes(0)).toMatchObject({ living: [B], dead: [A] });
  expect(await time.store.sweep(A)).toBe(false);
  expect(await time.store.announced(A)).toEqual([]);
  expect(await time.store.nodes(0)).toMatchObject({ living: [B], dead: [] });
});
