import type { NodeState } from "./nodes.ts";
import { readFlow } from "./read-flow.ts";

/** Longest name of a zone. */
export const MAX_ZONE = 64;
/** Largest weight of a node. */
export const MAX_WEIGHT = 10_000;
/** URLs by which a node may be reached. */
const MAX_ADVERTISED = 8;
/** The longest key of a stream that nodes report; streams with longer keys are left out. */
export const MAX_STREAM_KEY = 512;
const MAX_URL = 300;
/** Maximum number of vhosts that a node reports as fetched; it leaves out further ones. */
const MAX_FETCHED = 1000;
const MAX_VHOST = 255;
/** A server's URL without a path. It is put into addresses for clients, and is dialled, so nothing else may be in it. */
const SERVER_URL = /^(?:rtmps?|https?):\/\/[A-Za-z0-9._:[\]-]+$/;

/** A node's description of itself as JSON, without its streams. */
export function writeNodeState({ streams: _, streamCounts: __, ...rest }: NodeState): Omit<NodeState, "streams"> {
  return { ...rest, fetches: rest.fetches.slice(0, MAX_FETCHED) };
}

/** Reads another node's description of itself, which may be of another version, or damaged: undefined when anything is wrong. */
export function readNodeState(value: Readonly<Record<string, unknown>>): Omit<NodeState, "streams"> | undefined {
  const { id, version, zone, weight, draining, load } = value;
  if (![id, version, zone].every((each) => typeof each === "string")) return undefined;
  const advertise = textsOf(value.advertise, MAX_ADVERTISED, MAX_URL);
  // Nodes of releases before this key say nothing.
  const fetches = value.fetches === undefined ? [] : textsOf(value.fetches, MAX_FETCHED, MAX_VHOST);
  if (advertise === undefined || fetches === undefined || typeof draining !== "boolean" || !isObject(load))
    return undefined;
  if (!advertise.every((url) => SERVER_URL.test(url))) return undefined;
  const numbers = [load.connections, load.maxConnections, load.kbps, load.maxKbps, load.cpu, weight];
  if (!numbers.every(isCount) || Number(weight) > MAX_WEIGHT) return undefined;
  if (!isNodeId(id) || String(version).length > 64 || String(zone).length > MAX_ZONE) return undefined;
  const [connections = 0, maxConnections = 0, kbps = 0, maxKbps = 0, cpu = 0] = numbers.map(Number);
  return {
    ...{ id, version: String(version), advertise, zone: String(zone), weight: Number(weight), draining, fetches },
    load: { connections, maxConnections, kbps, maxKbps, cpu },
    flow: readFlow(value.flow),
  };
}

/** Whether a value is a process's id in hop traces. */
export function isNodeId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{1,64}$/.test(value);
}

/** A JSON object; undefined for any other text. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A list of texts, limited in their number and length; undefined for anything else. */
export function textsOf(value: unknown, most: number, longest: number): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  return value.every((each) => typeof each === "string" && each.length <= longest) ? value : undefined;
}

/** Whether a value is an object with keys. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a finite number that is not negative. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
