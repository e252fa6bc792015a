import { messageOf } from "../../base/errors.ts";
import type { RedisCall } from "./redis-store.ts";

/** Older ones lack commands that are used here. */
const LEAST_VERSION = 6;

/** Why a server can't be the registry, as a sentence; undefined when it can. Rejects when it does not answer. */
export async function serverProblem(call: RedisCall): Promise<string | undefined> {
  const info = await call("INFO", []).then(String, (error: unknown) => {
    // A user who may not ask that may still have all rights that are needed.
    if (messageOf(error).startsWith("NOPERM")) return undefined;
    throw error;
  });
  if (info === undefined) return undefined;
  const of = (field: string) => new RegExp(`^${field}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const version = of("valkey_version") || of("redis_version");
  if (of("redis_mode") === "sentinel")
    return "it is a Sentinel, which is not supported: name the servers that it watches, and the one that takes writes is used";
  if (of("redis_mode") === "cluster")
    return "it is a node of a Redis Cluster, which is not supported: one server holds all keys, so use one without cluster-enabled";
  if (Number.parseInt(version, 10) < LEAST_VERSION)
    return `it has version ${version}; version ${LEAST_VERSION} or later is needed`;
  if (of("role") === "slave") return "it is a replica, which takes no writes";
  return undefined;
}
