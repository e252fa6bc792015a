import {
  isObject,
  jsonObject,
  MAX_STREAM_KEY,
  readNodeState,
  textsOf,
  writeNodeState,
} from "../../live/ports/node-state.ts";
import type { NodeState, StreamRole } from "../../live/ports/nodes.ts";
import { PROTOCOL } from "./signature.ts";

/** The path of nodes' questions, on the API's port. */
export const PATH = "/api/v1/cluster";
/** Maximum size of an answer, bytes. */
export const MAX_ANSWER = 2 * 1024 * 1024;
/** Maximum number of streams in an answer; further ones are left out. */
export const MAX_STREAMS = 10_000;

/** A node's answer: its state, with its streams only if they differ from those that the asker knows. */
export interface Answer {
  readonly state: Omit<NodeState, "streams">;
  /** Identifies the version of the streams: it changes with each change of them. */
  readonly revision: string;
  readonly streams: NodeState["streams"] | undefined;
  /** The challenge for the next question. */
  readonly challenge: string;
}

/** Writes an answer. `known`: the revision that the asker knows. */
export function writeAnswer(state: NodeState, revision: string, known: string, challenge: string): string {
  const streams = known === revision ? undefined : writeStreams(state.streams);
  return JSON.stringify({ cluster: PROTOCOL, ...writeNodeState(state), revision, streams, challenge });
}

function writeStreams(streams: NodeState["streams"]) {
  const roles: Record<StreamRole, string[]> = { published: [], relayed: [] };
  let [count, length] = [0, 0];
  for (const [key, role] of streams) {
    if (key.length > MAX_STREAM_KEY) continue;
    // A key's characters may take six bytes each.
    length += 6 * key.length;
    if (++count > MAX_STREAMS || length > MAX_ANSWER / 2) break;
    roles[role].push(key);
  }
  return roles;
}

/** Reads an answer with a valid signature; undefined if it is malformed, as from a node of another version. */
export function readAnswer(text: string): Answer | undefined {
  const value = jsonObject(text);
  if (value === undefined) return undefined;
  const { revision, challenge } = value;
  const state = readNodeState(value);
  if (state === undefined || typeof revision !== "string" || typeof challenge !== "string") return undefined;
  if (!/^[0-9a-f]{0,64}$/.test(challenge) || revision.length > 128) return undefined;
  const streams = value.streams === undefined ? undefined : readStreams(value.streams);
  if (value.streams !== undefined && streams === undefined) return undefined;
  return { state, revision, streams, challenge };
}

/** The version of the cluster's protocol in an answer; undefined if it has none. */
export function versionOf(text: string): number | undefined {
  const version = jsonObject(text)?.cluster;
  return typeof version === "number" && Number.isSafeInteger(version) ? version : undefined;
}

/** The challenge of a refusal; undefined when it has none. */
export function challengeOf(text: string): string | undefined {
  const challenge = jsonObject(text)?.challenge;
  return typeof challenge === "string" && /^[0-9a-f]{1,64}$/.test(challenge) ? challenge : undefined;
}

function readStreams(value: unknown): NodeState["streams"] | undefined {
  if (!isObject(value)) return undefined;
  const published = textsOf(value.published, MAX_STREAMS, MAX_STREAM_KEY);
  const relayed = textsOf(value.relayed, MAX_STREAMS, MAX_STREAM_KEY);
  if (published === undefined || relayed === undefined) return undefined;
  const streams = new Map<string, StreamRole>();
  for (const key of relayed) streams.set(key, "relayed");
  for (const key of published) streams.set(key, "published");
  return streams;
}
