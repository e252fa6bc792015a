import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisConnection } from "../../src/base/redis.ts";
import { RedisStore } from "../../src/features/registry/redis-store.ts";
import type { Announcement, Claim, NodesRead } from "../../src/features/registry/store.ts";
import { redisOpener } from "../../src/io/net/redis.ts";
import type { StreamRole } from "../../src/live/ports/nodes.ts";
import { startRedis, type TestRedis } from "../support/e2e/redis.ts";
import { testWith } from "../support/e2e/tools.ts";
import { mulberry32 } from "../support/random.ts";
import { RedisModel } from "../support/redis-model.ts";

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

/** Sets have no order. */
const sorted = ({ revision, living, dead, texts }: NodesRead) => ({
  ...{ revision, living: living.toSorted(), dead: dead.toSorted() },
  texts: [...texts].toSorted(),
});

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
      const announcement = (): Announcement => {
        const place =
          random() < 0.3
            ? undefined
            : ({ role: pick<StreamRole>(["published", "relayed"]), hops: [pick(ids)] } as const);
        const copy = random() < 0.5 ? undefined : ({ role: "relayed", hops: [pick(ids)] } as const);
        return { key: pick(keys), place, claim: claim(), copy };
      };
      for (let step = 0; step < 60; step++) {
        const id = pick(ids);
        const [since, text] = [Math.floor(random() * 20), pick([undefined, `state ${step}`])];
        const streams = Array.from({ length: 1 + Math.floor(random() * 3) }, announcement);
        const act = pick<(store: RedisStore) => Promise<unknown>>([
          (store) => store.renew(id, text),
          (store) => store.announce(id, streams),
          (store) => store.announce(id, streams),
          (store) => store.leave(id),
          (store) => store.sweep(id),
          async (store) => new Set(await store.announced(id)),
          async (store) => sorted(await store.nodes(since)),
        ]);
        const [ours, theirs] = [await act(modelled), await act(real)];
        expect({ seed, step, answer: theirs }).toEqual({ seed, step, answer: ours });
        expect(await real.look(keys)).toEqual(await modelled.look(keys));
      }
    }
  });

  test("repair keys that other programs have overwritten, and ignore entries that can't be read", async () => {
    const store = realStore("damaged");
    await store.renew("a1", "{}");
    await store.announce("a1", [{ key: "k", place: { role: "published", hops: [] }, claim: "reject" }]);
    for (const key of ["nodes", "has:a1", "stream:k", "stream:j"])
      for (const command of ["DEL", "SET"])
        await connection.call(command, command === "SET" ? [`damaged:1:${key}`, "?"] : [`damaged:1:${key}`]);
    expect(await store.look(["k", "j"])).toEqual([
      { owner: "", term: 0, places: new Map() },
      { owner: "", term: 0, places: new Map() },
    ]);
    expect(await store.nodes(0)).toMatchObject({ living: [], dead: [], texts: new Map() });
    await store.renew("a1", "{}");
    await store.announce("a1", [{ key: "k", place: { role: "published", hops: [] }, claim: { kept: 3 } }]);
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

  test("return only entries newer than those read before, and all when revisions begin anew", async () => {
    const store = realStore("revisions");
    for (const id of ids) await store.renew(id, `{"id":"${id}"}`);
    const { revision, texts } = await store.nodes(0);
    expect([revision, texts.size]).toEqual([3, 3]);
    await store.renew("a1", undefined);
    expect(await store.nodes(revision)).toMatchObject({ revision: 3, texts: new Map() });
    await store.renew("b2", "{}");
    expect(await store.nodes(revision)).toMatchObject({ revision: 4, texts: new Map([["b2", "{}"]]) });
    await connection.call("SET", ["revisions:1:revision", "?"]);
    await store.renew("c3", "{}");
    expect((await store.nodes(4)).texts.size).toBe(3);
    // Numbers that a node could not compare, or tell from what follows.
    for (const damaged of ["-20", "9007199254740993"]) {
      await connection.call("SET", ["revisions:1:revision", damaged]);
      await store.renew("a1", '{"a":1}');
      expect(await store.nodes(5)).toMatchObject({ revision: 1, texts: new Map([["a1", '{"a":1}']]) });
    }
    expect(await store.renew("d4", undefined)).toEqual({ wasKnown: false, streams: 0 });
  });

  test("empty sets and hashes that others have filled, and read no entry that is too long", async () => {
    const store = realStore("filled");
    const place = { role: "published", hops: [] } as const;
    const announce = () => store.announce("a1", [{ key: "k", place, claim: "reject" }]);
    await store.renew("a1", "{}");
    await store.renew("b2", "x".repeat(600_000));
    await announce();
    const many = (count: number, of: (at: number) => readonly string[]) =>
      Array.from({ length: count }, (_, at) => of(at));
    const fill = (command: string, key: string, items: readonly (readonly string[])[]) =>
      connection.call(command, [`filled:1:${key}`, ...items.flat()]);
    await fill("HSET", "stream:k", [["at:b2", `{"role":"published","hops":["${"y".repeat(9000)}"]}`]]);
    expect(await store.nodes(0)).toEqual({ revision: 2, living: ["a1"], dead: ["b2"], texts: new Map([["a1", "{}"]]) });
    expect(await store.look(["k"])).toEqual([{ owner: "a1", term: 1, places: new Map([["a1", place]]) }]);
    await fill(
      "SADD",
      "nodes",
      many(3000, (at) => [at.toString(16)]),
    );
    await fill(
      "HSET",
      "stream:k",
      many(5000, (at) => [`at:${at.toString(16)}`, "{}"]),
    );
    await fill(
      "SADD",
      "has:a1",
      many(20_000, (at) => [`s${at}`]),
    );
    expect(await store.nodes(0)).toMatchObject({ living: [], dead: [], texts: new Map() });
    expect(await store.look(["k"])).toEqual([{ owner: "", term: 0, places: new Map() }]);
    expect((await store.announced("a1")).length).toBe(10_000);
    await fill(
      "SADD",
      "has:a1",
      many(100_001, (at) => [`s${at}`]),
    );
    await store.renew("a1", "{}");
    await announce();
    expect(await store.nodes(0)).toMatchObject({ living: ["a1"], dead: [] });
    expect(await store.look(["k"])).toEqual([{ owner: "a1", term: 1, places: new Map([["a1", place]]) }]);
    expect(await store.announced("a1")).toEqual(["k"]);
  });

  test.each(["1e300", "nan", "-7", "1.5", "0x", "inf", "?"])(
    "begin anew after the impossible term %j",
    async (term) => {
      const store = realStore(`term-${term}`);
      await store.renew("a1", "{}");
      await connection.call("HSET", [`term-${term}:1:stream:k`, "term", term]);
      const [ownership] = await store.announce("a1", [
        { key: "k", place: { role: "published", hops: [] }, claim: "reject" },
      ]);
      expect(ownership).toEqual({ owner: "a1", term: 1 });
    },
  );

  test("give leases their length again when Redis's clock was set back, so that a dead node does not live on", async () => {
    const store = realStore("clock");
    for (const id of ids) await store.renew(id, "{}");
    const hours = String(3 * 3_600_000);
    const left = (key: string) => connection.call("PTTL", [`clock:1:${key}`]).then(Number);
    // As keys are then; a replica whose clock is behind shows them alike.
    for (const key of ["node:a1", "node:b2", "watch"]) await connection.call("PEXPIRE", [`clock:1:${key}`, hours]);
    await connection.call("PERSIST", ["clock:1:node:c3"]);
    expect((await store.nodes(0)).living.toSorted()).toEqual(ids);
    for (const id of ids) expect(await left(`node:${id}`)).toBeLessThanOrEqual(5000);
    for (const id of ids) expect(await left(`node:${id}`)).toBeGreaterThan(0);
    await store.renew("a1", undefined);
    // For the usual time after an outage, no node counts as dead.
    expect(await left("watch")).toBeLessThanOrEqual(8000);
    expect(await left("watch")).toBeGreaterThan(0);
  });

  test("keep names with any character apart", async () => {
    const store = realStore("names");
    await store.renew("a1", "{}");
    const names = [
      "v/live/a b",
      "v/live/a\u0000b",
      "v/live/a\r\nb",
      "v/live/*",
      "v/live/[a]",
      "v/live/é漢😀",
      "v/live/:",
      "v/live/'\"%\\",
    ];
    const place = { role: "published", hops: [] } as const;
    await store.announce(
      "a1",
      names.map((key) => ({ key, place, claim: "reject" })),
    );
    expect((await store.announced("a1")).toSorted()).toEqual(names.toSorted());
    for (const { owner, places } of await store.look(names)) expect([owner, places.size]).toEqual(["a1", 1]);
    await store.announce(
      "a1",
      names.map((key) => ({ key, place: undefined, claim: undefined })),
    );
    expect(await store.announced("a1")).toEqual([]);
    // What another program has written there is no text at all.
    redis.cli(
      "EVAL",
      "redis.call('SADD', KEYS[1], '\\255\\254'); redis.call('HSET', KEYS[2], 'at:a1', '\\255')",
      "2",
      "names:1:has:a1",
      "names:1:stream:v/live/a b",
    );
    expect((await store.announced("a1")).length).toBe(1);
    expect((await store.look(["v/live/a b"]))[0]?.places.size).toBe(0);
  });

  test("leave no key behind when all nodes have left", async () => {
    const store = realStore("left");
    for (const id of ids) {
      await store.renew(id, "{}");
      await store.announce(
        id,
        Array.from({ length: 250 }, (_, at) => ({
          key: `v/live/${at}`,
          place: { role: "relayed" as const, hops: [] },
          claim: undefined,
        })),
      );
    }
    for (const id of ids) await store.leave(id);
    const left = await connection.call("KEYS", ["left:*"]);
    expect(new Set(left as string[])).toEqual(new Set(["left:1:watch", "left:1:revision"]));
    for (const key of left as string[]) expect(await connection.call("PTTL", [key])).toBeGreaterThan(0);
  });
});
