import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { RedisCall } from "./redis-store.ts";

/** Older versions lack commands that are used here. */
const LEAST_VERSION = 6;

/** What a server's INFO says. */
export interface ServerInfo {
  readonly software: "Redis" | "Valkey";
  readonly version: string;
  readonly mode: string;
  readonly isReplica: boolean;
  /** Bytes; 0: no limit. */
  readonly maxMemory: number;
  /** Which keys the server evicts when its memory is full. */
  readonly policy: string;
}

/** The user may not ask, or `rename-command` has taken the command away: nodes can do without. */
const NO_INFO = /^(?:NOPERM|ERR unknown command)/;

/** Asks a server for its INFO; undefined if the server does not tell. Rejects if the server does not answer. */
export async function infoOf(call: RedisCall): Promise<ServerInfo | undefined> {
  const info = await call("INFO", []).then(String, (error: unknown) => {
    if (NO_INFO.test(messageOf(error))) return undefined;
    throw error;
  });
  if (info === undefined) return undefined;
  const of = (field: string) => new RegExp(`^${field}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const valkey = of("valkey_version");
  return {
    software: valkey === "" ? "Redis" : "Valkey",
    version: valkey || of("redis_version"),
    mode: of("redis_mode"),
    isReplica: of("role") === "slave",
    maxMemory: Number(of("maxmemory")) || 0,
    policy: of("maxmemory_policy"),
  };
}

/** Why a server can't be the registry, as a sentence; undefined when it can. Rejects when it does not answer. */
export async function serverProblem(call: RedisCall): Promise<string | undefined> {
  const info = await infoOf(call);
  if (info === undefined) return undefined;
  const { mode, version, isReplica } = info;
  if (mode === "sentinel")
    return "it is a Sentinel, which is not supported: name the servers that it watches, and the one that takes writes is used";
  if (mode === "cluster")
    return "it is a node of a Redis Cluster, which is not supported: one server holds all keys, so use one without cluster-enabled";
  if (Number.parseInt(version, 10) < LEAST_VERSION)
    return `it has version ${version}; version ${LEAST_VERSION} or later is needed`;
  if (isReplica) return "it is a replica, which takes no writes";
  return undefined;
}

/** The same promise, which rejects when it takes longer than `limitMs`. */
export function inTime<T>(promise: Promise<T>, clock: Pick<Clock, "after">, limitMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.after(limitMs, () => reject(new Error(`no answer within ${limitMs} ms`)));
  return Promise.race([promise, late]).finally(() => timer.cancel());
}
