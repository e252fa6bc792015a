import { MAX_NODE_LINKS, type NodeFlow, type NodeLink } from "./nodes.ts";

/** The longest name of a server, and of an error, that is accepted from another node. */
const MAX_NAME = 300;

/** Reads a node's report of its flow; undefined if it has none, or if it is malformed. */
export function readFlow(value: unknown): NodeFlow | undefined {
  if (!isObject(value) || !Array.isArray(value.links)) return undefined;
  const { encoders, viewers, kbpsIn, unhealthy, ageMs } = value;
  const numbers = [encoders, viewers, kbpsIn, unhealthy, ageMs ?? 0];
  if (!numbers.every(isCount) || value.links.length > MAX_NODE_LINKS) return undefined;
  const links = value.links.map(readLink);
  if (!links.every((link) => link !== undefined)) return undefined;
  return {
    ...{ encoders: Number(encoders), viewers: Number(viewers), kbpsIn: Number(kbpsIn), unhealthy: Number(unhealthy) },
    ageMs: optional(ageMs),
    links,
  };
}

function readLink(value: unknown): NodeLink | undefined {
  if (!isObject(value)) return undefined;
  const { flow, to, running, failing, paused, kbps, lagMs, error } = value;
  if (flow !== "push" && flow !== "pull" && flow !== "serve") return undefined;
  if (typeof to !== "string" || to.length > MAX_NAME) return undefined;
  if (error !== undefined && (typeof error !== "string" || error.length > MAX_NAME)) return undefined;
  if (![running, failing, paused, kbps, lagMs ?? 0].every(isCount)) return undefined;
  return {
    ...{ flow, to, running: Number(running), failing: Number(failing), paused: Number(paused), kbps: Number(kbps) },
    ...{ lagMs: optional(lagMs), error },
  };
}

function optional(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
