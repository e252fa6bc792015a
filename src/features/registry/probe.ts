import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { OpenRedis, RedisConnection, RedisServer } from "../../base/redis.ts";
import { jsonObject, readNodeState } from "../../live/ports/node-state.ts";
import type { NodeState } from "../../live/ports/nodes.ts";
import { type RedisCall, RedisStore } from "./redis-store.ts";
import { infoOf, inTime, serverProblem } from "./server-check.ts";

const CONNECT_MS = 3000;
const ANSWER_MS = 3000;
/** Maximum number of SCAN steps in the search for keys of other programs, and the COUNT of each. */
const SCAN_STEPS = 20;
const SCANNED = "500";

/** What a probe needs from outside and from the configuration. */
export interface ProbedRegistry {
  readonly clock: Pick<Clock, "after">;
  readonly openRedis: OpenRedis;
  /** A node id that no other node has. */
  readonly id: string;
  readonly prefix: string;
  readonly vhosts: readonly string[];
  /** Whether the server is the only one, so that it must take writes. */
  readonly isOnly: boolean;
}

/** A probe's result in a few words, and what to do if something is wrong. */
export interface RegistryProbe {
  readonly state: string;
  readonly advice: string | undefined;
}

const RIGHTS = "give the user the rights that docs/registry.md names";

/**
 * Probes a server of the registry for `srs check --probe`: whether it can be reached, lets this user do what a node does, evicts no keys,
 * and has nothing of other clusters and programs under the prefix. The probe deletes what it has written.
 */
export async function probeRegistry(server: RedisServer, config: ProbedRegistry): Promise<RegistryProbe> {
  const open: RedisConnection[] = [];
  const connect = async () => {
    const connection = await config.openRedis(server, CONNECT_MS, () => undefined);
    open.push(connection);
    return connection;
  };
  try {
    const connection = await connect();
    const call: RedisCall = (command, args) => inTime(connection.call(command, args), config.clock, ANSWER_MS);
    return await examine(call, connect, config);
  } catch (error) {
    const state = messageOf(error);
    return { state, advice: adviceFor(state) };
  } finally {
    for (const connection of open) connection.close();
  }
}

async function examine(
  call: RedisCall,
  connect: () => Promise<RedisConnection>,
  config: ProbedRegistry,
): Promise<RegistryProbe> {
  const problem = await serverProblem(call);
  const info = await infoOf(call);
  const name =
    info === undefined ? "version unknown, as the server does not tell it" : `${info.software} ${info.version}`;
  if (problem !== undefined) {
    if (info?.isReplica && !config.isOnly) return { state: `${name}, a replica`, advice: undefined };
    return { state: problem, advice: info?.isReplica ? "name the primary, too" : "use another server" };
  }
  if (info !== undefined && info.maxMemory > 0 && info.policy !== "noeviction") {
    const state = `it throws keys away when its memory is full (maxmemory-policy ${info.policy})`;
    return { state, advice: "set maxmemory-policy to noeviction, or use a server of its own" };
  }
  const refused = await refusal(call, connect, config);
  if (refused !== undefined) return refused;
  const store = new RedisStore(call, () => config.prefix);
  const { texts } = await store.nodes(0);
  const nodes = [...texts].map(([id, text]) => ({ id, state: readNodeState(jsonObject(text) ?? {}) }));
  const others = foreignNode(nodes, config) ?? (await foreignKey(call, config.prefix));
  if (others !== undefined)
    return { state: others, advice: "give each cluster and each program a prefix of its own: cluster.registry_prefix" };
  return { state: `${name}, ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"} there`, advice: undefined };
}

/** Runs each command of a node once, with keys that no node uses; undefined if the server refuses none. */
async function refusal(
  call: RedisCall,
  connect: () => Promise<RedisConnection>,
  { prefix, id, clock }: ProbedRegistry,
): Promise<RegistryProbe | undefined> {
  const base = new RedisStore(call, () => prefix).base;
  const store = new RedisStore(call, () => `${base}:probe:${id}`);
  const place = { role: "published", hops: [] } as const;
  const steps: readonly (readonly [what: string, run: () => Promise<unknown>])[] = [
    ["what a node writes", () => store.renew(id, "{}")],
    ["what a node writes", () => store.announce(id, [{ key: "probe", place, claim: "reject" }])],
    ["what a node asks", () => store.look(["probe"])],
    ["what a node asks", () => store.announced(id)],
    ["what a node writes", () => store.leave(id)],
    [
      "what a node writes",
      () => call("DEL", [`${store.base}:stream:probe`, `${store.base}:watch`, `${store.base}:revision`]),
    ],
    ["messages between nodes", () => call("PUBLISH", [`${base}:to:${id}`, ""])],
    [
      "messages between nodes",
      async () =>
        inTime(
          (await connect()).subscribe([`${base}:moved`, `${base}:to:${id}`], () => undefined),
          clock,
          ANSWER_MS,
        ),
    ],
  ];
  for (const [what, run] of steps) {
    try {
      await run();
    } catch (error) {
      const reason = messageOf(error);
      return { state: `it refuses ${what}: ${reason}`, advice: adviceFor(reason) };
    }
  }
  return undefined;
}

function foreignNode(
  nodes: readonly { readonly id: string; readonly state: Pick<NodeState, "fetches" | "advertise"> | undefined }[],
  { vhosts, prefix }: ProbedRegistry,
): string | undefined {
  for (const { id, state } of nodes) {
    if (state === undefined) return `node ${id} under the prefix "${prefix}" has an entry that can't be read`;
    const unknown = state.fetches.find((vhost) => !vhosts.includes(vhost));
    if (unknown !== undefined)
      return `node ${state.advertise[0] ?? id} under the prefix "${prefix}" has the vhost ${unknown}, which is not in this file: it is of another cluster, or one of the files is out of date`;
  }
  return undefined;
}

/** A key under the prefix that no release has written; undefined if the scanned keys have none. */
async function foreignKey(call: RedisCall, prefix: string): Promise<string | undefined> {
  const own = new RegExp(
    `^${prefix.replaceAll(".", "\\.")}:\\d+:(?:(?:nodes|revision|watch)$|(?:node|has|stream|probe):)`,
  );
  let cursor = "0";
  for (let step = 0; step < SCAN_STEPS; step++) {
    let answer: unknown;
    try {
      answer = await call("SCAN", [cursor, "MATCH", `${prefix}:*`, "COUNT", SCANNED]);
    } catch {
      // Nodes don't need SCAN, so the user may lack the right to it.
      return undefined;
    }
    const [next, keys] = Array.isArray(answer) ? answer : [];
    const found = Array.isArray(keys) ? keys.find((key) => typeof key === "string" && !own.test(key)) : undefined;
    if (found !== undefined) return `key ${JSON.stringify(found)} under the prefix is of another program`;
    cursor = String(next ?? "0");
    if (cursor === "0") return undefined;
  }
  return undefined;
}

/** What to do about a reason, the first that fits. */
const ADVICE: readonly (readonly [reason: RegExp, advice: string])[] = [
  [
    /WRONGPASS|NOAUTH|AUTH failed|invalid username|Authentication/i,
    "check user and password: redis://USER:PASSWORD@HOST",
  ],
  [/NOPERM|The user executing the script|no permissions/i, RIGHTS],
  [/unknown (?:Redis )?command/i, "leave the command its name there (rename-command)"],
  [/\bOOM\b/, "free memory there, or raise its maxmemory"],
  [
    /nobody listens|no answer/,
    "is it started there, does a firewall let this port through, and is it redis:// or, with TLS, rediss://?",
  ],
  [/no Redis server/, "check host and port"],
  [/max number of clients/, "raise its maxclients"],
  [/DB index/, "name another database in its URL"],
  [/certificate has expired/, "renew it there"],
  [/certificate is not yet valid/, "is this machine's clock right?"],
  [/altnames/, "name the server in its URL as its certificate does"],
  [/certificate/i, "name its CA's certificate in rtmps.ca"],
];

function adviceFor(reason: string): string {
  return ADVICE.find(([pattern]) => pattern.test(reason))?.[1] ?? "see its log";
}
