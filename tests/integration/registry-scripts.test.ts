import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisConnection } from "../../src/base/redis.ts";
import { RedisStore } from "../../src/features/registry/redis-store.ts";
import type { Claim, Told } from "../../src/features/registry/store.ts";
import { redisOpener } from "../../src/io/net/redis.ts";
import type { StreamRole } from "../../src/live/ports/nodes.ts";
import { startRedis, type TestRedis } from "../support/e2e/redis.ts";
import { testWith } from "../support/e2e/tools.ts";
import { RedisModel } from "../support/fake-redis.ts";
import { mulberry32 } from "../support/random.ts";

const test = testWith("tests/integration/registry-scripts.test.ts", "Redis");

const ids = ["a1", "b2", "c3"];
const keys = ["v/live/one", "v/live/två\u0000\n ", "v/live/\u{1F600}*[x]"];

let folder: string;
let redis: TestRedis;
let connection: RedisConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "srs-redis-"));
  redis = await startRedis(folder);
  connection = await redisOpener({ authorities: [] })(redis.server, 2000, () => undefined);
});

afterAll(async () => {
  connection.close();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

const realStore = (prefix: string) =>
  new RedisStore(
    (command, args) => connection.call(command, args),
    () => prefix,
  );

describe("The scripts of the registry", () => {
  test("do in Redis what the model does that other tests use, whatever comes in which order", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = mulberry32(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
      const model = new RedisModel(() => 0);
      const modelled = new RedisStore(
        async (command, args) => model.run(command, args),
        () => `t${seed}`,
      );
      const real = realStore(`t${seed}`);
      // Half of them as when nodes have renewed their leases for a while.
      if (seed % 2 === 0) {
        await connection.call("SET", [`t${seed}:1:watch`, "", "PX", "3000"]);
        model.keepWatch(`t${seed}:1`);
      }
      const claim = (): Claim | undefined =>
        pick<() => Claim | undefined>([
          () => undefined,
          () => "reject",
          () => "replace",
          () => ({ kept: Math.floor(random() * 6) }),
        ])();
      const told = (): Told => {
        const place =
          random() < 0.3
            ? undefined
            : ({ role: pick<StreamRole>(["published", "relayed"]), hops: [pick(ids)] } as const);
        return { key: pick(keys), place, claim: claim() };
      };
      for (let step = 0; step < 60; step++) {
        const id = pick(ids);
        const streams = Array.from({ length: 1 + Math.floor(random() * 3) }, told);
        const act = pick<(store: RedisStore) => Promise<unknown>>([
          (store) => store.renew(id, `state ${step}`),
          (store) => store.tell(id, streams),
          (store) => store.tell(id, streams),
          (store) => store.leave(id),
          (store) => store.sweep(id),
          async (store) => new Set(await store.told(id)),
          async (store) => new Map([...(await store.nodes())].toSorted()),
        ]);
        const [ours, theirs] = [await act(modelled), await act(real)];
        expect({ seed, step, answer: theirs }).toEqual({ seed, step, answer: ours });
        expect(await real.look(keys)).toEqual(await modelled.look(keys));
      }
    }
  });

  test("mend keys that others have put something else into, and pass over entries that can't be read", async () => {
    const store = realStore("damaged");
    await store.renew("a1", "{}");
    await store.tell("a1", [{ key: "k", place: { role: "published", hops: [] }, claim: "reject" }]);
    for (const key of ["nodes", "has:a1", "stream:k", "stream:j"])
      for (const command of ["DEL", "SET"])
        await connection.call(command, command === "SET" ? [`damaged:1:${key}`, "?"] : [`damaged:1:${key}`]);
    expect(await store.look(["k", "j"])).toEqual([
      { owner: "", term: 0, places: new Map() },
      { owner: "", term: 0, places: new Map() },
    ]);
    expect(await store.nodes()).toEqual(new Map());
    await store.renew("a1", "{}");
    await store.tell("a1", [{ key: "k", place: { role: "published", hops: [] }, claim: { kept: 3 } }]);
    const place = { role: "published", hops: [] } as const;
    expect(await store.look(["k"])).toEqual([{ owner: "a1", term: 3, places: new Map([["a1", place]]) }]);
    await connection.call("HSET", [
      "damaged:1:stream:k",
      "at:a1",
      "{",
      "term",
      "many",
      "at:zz",
      "{}",
      "owner",
      "?\u0000",
    ]);
    expect(await store.look(["k"])).toEqual([{ owner: "", term: 0, places: new Map() }]);
  });

  test("leave no key behind when all nodes have left", async () => {
    const store = realStore("left");
    for (const id of ids) {
      await store.renew(id, "{}");
      await store.tell(
        id,
        Array.from({ length: 250 }, (_, at) => ({
          key: `v/live/${at}`,
          place: { role: "relayed" as const, hops: [] },
          claim: undefined,
        })),
      );
    }
    for (const id of ids) await store.leave(id);
    expect(await connection.call("KEYS", ["left:*"])).toEqual(["left:1:watch"]);
    expect(await connection.call("PTTL", ["left:1:watch"])).toBeGreaterThan(0);
  });
});
