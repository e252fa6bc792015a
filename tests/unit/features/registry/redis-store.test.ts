import { expect, test } from "bun:test";
import { RedisStore } from "../../../../src/features/registry/redis-store.ts";
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

  async claim(id: string): Promise<string | undefined> {
    const [answer] = await this.store.announce(id, [
      { key: KEY, place: { role: "published", hops: [] }, claim: "reject" },
    ]);
    return answer?.owner;
  }
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
