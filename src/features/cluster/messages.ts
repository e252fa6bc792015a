import type { NodeState, StreamRole } from "../../live/ports/nodes.ts";
import { MAX_ADVERTISED, MAX_WEIGHT, MAX_ZONE } from "./config.ts";
import { readFlow } from "./read-flow.ts";
import { PROTOCOL } from "./signature.ts";

/** Where nodes ask each other, on the port of the API. */
export const PATH = "/api/v1/cluster";
/** Most bytes of an answer that are read. */
export const MAX_ANSWER = 2 * 1024 * 1024;
/** Streams that an answer names; a node with more names these. */
export const MAX_STREAMS = 10_000;
/** The longest key of a stream that is told: a longer one is left out. */
const MAX_KEY = 512;
const MAX_URL = 300;
/** Vhosts that an answer names as fetched; a node with more names these. */
const MAX_FETCHED = 1000;
const MAX_VHOST = 255;
/** It is put into addresses that clients get: nothing else than a server's. */
const SERVER_URL = /^(?:rtmps?|https?):\/\/[A-Za-z0-9._:[\]-]+$/;

/** What a node answers: its state, its streams only when they are others than those that the asker knows. */
export interface Answer {
  readonly state: Omit<NodeState, "streams">;
  /** Stands for the streams: they are the same while it is the same. */
  readonly revision: string;
  readonly streams: NodeState["streams"] | undefined;
  /** For the next question. */
  readonly challenge: string;
}

/** Writes an answer. `known`: the revision that the asker knows. */
export function writeAnswer(state: NodeState, revision: string, known: string, challenge: string): string {
  const { streams, ...rest } = state;
  const named = known === revision ? undefined : writeStreams(streams);
  const fetches = rest.fetches.slice(0, MAX_FETCHED);
  return JSON.stringify({ cluster: PROTOCOL, ...rest, fetches, revision, streams: named, challenge });
}

function writeStreams(streams: NodeState["streams"]) {
  const roles: Record<StreamRole, string[]> = { published: [], relayed: [] };
  let [count, length] = [0, 0];
  for (const [key, role] of streams) {
    if (key.length > MAX_KEY) continue;
    // A key's characters may take six bytes each.
    length += 6 * key.length;
    if (++count > MAX_STREAMS || length > MAX_ANSWER / 2) break;
    roles[role].push(key);
  }
  return roles;
}

/** Reads an answer whose signature is right. A node may still be of another version: what is wrong is undefined. */
export function readAnswer(text: string): Answer | undefined {
  const value = jsonOf(text);
  if (value === undefined) return undefined;
  const { id, version, zone, weight, draining, revision, challenge, load } = value;
  const areTexts = [id, version, zone, revision, challenge].every((each) => typeof each === "string");
  const advertise = textsOf(value.advertise, MAX_ADVERTISED, MAX_URL);
  // Nodes of releases before this key say nothing.
  const fetches = value.fetches === undefined ? [] : textsOf(value.fetches, MAX_FETCHED, MAX_VHOST);
  if (!areTexts || advertise === undefined || fetches === undefined || typeof draining !== "boolean" || !isObject(load))
    return undefined;
  if (!advertise.every((url) => SERVER_URL.test(url))) return undefined;
  const numbers = [load.connections, load.maxConnections, load.kbps, load.maxKbps, load.cpu, weight];
  if (!numbers.every(isCount) || Number(weight) > MAX_WEIGHT) return undefined;
  if (!/^[0-9a-f]{1,64}$/.test(String(id)) || !/^[0-9a-f]{0,64}$/.test(String(challenge))) return undefined;
  if (String(version).length > 64 || String(zone).length > MAX_ZONE || String(revision).length > 128) return undefined;
  const streams = value.streams === undefined ? undefined : readStreams(value.streams);
  if (value.streams !== undefined && streams === undefined) return undefined;
  const [connections = 0, maxConnections = 0, kbps = 0, maxKbps = 0, cpu = 0] = numbers.map(Number);
  return {
    state: {
      flow: readFlow(value.flow),
      ...{ id: String(id), version: String(version), advertise, zone: String(zone), weight: Number(weight), draining },
      fetches,
      load: { connections, maxConnections, kbps, maxKbps, cpu },
    },
    revision: String(revision),
    streams,
    challenge: String(challenge),
  };
}

/** The version of the cluster's protocol that an answer says; undefined when it says none. */
export function versionOf(text: string): number | undefined {
  const version = jsonOf(text)?.cluster;
  return typeof version === "number" && Number.isSafeInteger(version) ? version : undefined;
}

/** The challenge of a refusal; undefined when it has none. */
export function challengeOf(text: string): string | undefined {
  const challenge = jsonOf(text)?.challenge;
  return typeof challenge === "string" && /^[0-9a-f]{1,64}$/.test(challenge) ? challenge : undefined;
}

function readStreams(value: unknown): NodeState["streams"] | undefined {
  if (!isObject(value)) return undefined;
  const published = textsOf(value.published, MAX_STREAMS, MAX_KEY);
  const relayed = textsOf(value.relayed, MAX_STREAMS, MAX_KEY);
  if (published === undefined || relayed === undefined) return undefined;
  const streams = new Map<string, StreamRole>();
  for (const key of relayed) streams.set(key, "relayed");
  for (const key of published) streams.set(key, "published");
  return streams;
}

function textsOf(value: unknown, most: number, longest: number): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  return value.every((each) => typeof each === "string" && each.length <= longest) ? value : undefined;
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
