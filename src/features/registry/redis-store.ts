import { isNodeId, jsonObject, textsOf } from "../../live/ports/node-state.ts";
import { ANNOUNCE, LOOK, NODES, RENEW, type Script, SWEEP } from "./scripts.ts";
import type { AnnouncedPlace, Announcement, Claim, Found, NodesRead, Ownership, Renewed, Store } from "./store.ts";

/** Version of the key layout, a part of each key. Nodes with different layouts can share a server, and don't see each other. */
const LAYOUT = 1;
/** A node that has not renewed its entry for this long is dead, ms. */
export const LEASE_MS = 5000;
/** Keys other than node entries expire when no node has written them for this long, ms. */
const KEEP_MS = 300_000;
/** Maximum number of streams that are swept in one step. */
const SWEPT = 100;
/** Maximum number of a node's announced streams that are read. */
const MAX_ANNOUNCED_READ = 10_000;
const MAX_HOPS = 64;
const MAX_HOP = 64;
/** Maximum length of a place, characters; a longer one is damaged. */
const MAX_PLACE = 8192;

/** Sends a command to the server in use. Rejects with a sentence. */
export type RedisCall = (command: string, args: readonly string[]) => Promise<unknown>;

/**
 * The registry's keys in Redis:
 *
 *     PREFIX:1:nodes          set     ids of nodes
 *     PREFIX:1:node:ID        string  a revision and the node's state as JSON; the key's time to live is the lease
 *     PREFIX:1:revision       string  the newest of these revisions: a node that has read up to it knows all entries
 *     PREFIX:1:watch          string  empty; while it has more than its usual time to live, no node counts as dead
 *     PREFIX:1:has:ID         set     keys of the streams that the node has announced
 *     PREFIX:1:stream:KEY     hash    owner, term, and at:ID for each node that has it: {"role":"relayed","hops":["…"]}
 *     PREFIX:1:moved          channel ID KEY: the node has changed who owns the stream
 *
 * What a node has announced does not count once its lease is over.
 */
export class RedisStore implements Store {
  readonly #call: RedisCall;
  readonly #prefix: () => string;

  constructor(call: RedisCall, prefix: () => string) {
    this.#call = call;
    this.#prefix = prefix;
  }

  /** What all keys begin with. */
  get base(): string {
    return `${this.#prefix()}:${LAYOUT}`;
  }

  async renew(id: string, text: string | undefined): Promise<Renewed> {
    const answer = listOf(await this.#run(RENEW, [id, text ?? "", String(LEASE_MS), String(KEEP_MS)]));
    return { wasKnown: answer[0] === 1, streams: Number(answer[1]) };
  }

  async nodes(since: number): Promise<NodesRead> {
    const [revision, living, dead, ...rest] = listOf(await this.#run(NODES, [String(since), String(LEASE_MS)]));
    const ids = (text: unknown) => String(text).split(" ").filter(isNodeId);
    const texts = new Map<string, string>();
    for (let at = 0; at + 1 < rest.length; at += 2) texts.set(String(rest[at]), withoutRevision(String(rest[at + 1])));
    return { revision: Number(revision), living: ids(living), dead: ids(dead), texts };
  }

  async announce(id: string, streams: readonly Announcement[]): Promise<readonly Ownership[]> {
    const fields = streams.flatMap(({ key, place, claim, copy }) => [
      key,
      placeText(place),
      claimText(claim),
      placeText(copy),
    ]);
    const answer = listOf(await this.#run(ANNOUNCE, [id, String(KEEP_MS), ...fields]));
    return streams.map((_, at) => ownership(answer[2 * at], answer[2 * at + 1]));
  }

  async announced(id: string): Promise<readonly string[]> {
    // The set may be huge, if others have written to it: a random part is read each time.
    const answer = listOf(await this.#call("SRANDMEMBER", [`${this.base}:has:${id}`, String(MAX_ANNOUNCED_READ)]));
    return answer.filter((key) => typeof key === "string");
  }

  async look(keys: readonly string[]): Promise<readonly Found[]> {
    const answer = listOf(await this.#run(LOOK, keys));
    return keys.map((_, at) => found(listOf(answer[at])));
  }

  async sweep(id: string): Promise<boolean> {
    return this.#sweep(id, "");
  }

  async leave(id: string): Promise<void> {
    await this.#call("DEL", [`${this.base}:node:${id}`]);
    while (await this.#sweep(id, "left"));
  }

  async #sweep(id: string, how: "" | "left"): Promise<boolean> {
    return (await this.#run(SWEEP, [id, String(SWEPT), how])) === 1;
  }

  async #run({ sha, text }: Script, args: readonly string[]): Promise<unknown> {
    const rest = ["1", this.base, ...args];
    try {
      return await this.#call("EVALSHA", [sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return this.#call("EVAL", [text, ...rest]);
    }
  }
}

/** An entry as its node wrote it, without the revision before it. */
function withoutRevision(entry: string): string {
  return entry.replace(/^\d+ /, "");
}

function placeText(place: AnnouncedPlace | undefined): string {
  return place === undefined ? "" : JSON.stringify(place);
}

function claimText(claim: Claim | undefined): string {
  if (claim === undefined) return "";
  return typeof claim === "string" ? claim : `keep:${claim.kept}`;
}

function found([owner, term, ...rest]: readonly unknown[]): Found {
  const places = new Map<string, AnnouncedPlace>();
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const place = readPlace(rest[at + 1]);
    if (place !== undefined) places.set(String(rest[at]), place);
  }
  return { ...ownership(owner, term), places };
}

/** A place that a node has written; undefined for one that is damaged. */
function readPlace(text: unknown): AnnouncedPlace | undefined {
  if (typeof text !== "string" || text.length > MAX_PLACE) return undefined;
  const { role, hops } = jsonObject(text) ?? {};
  const ids = textsOf(hops, MAX_HOPS, MAX_HOP);
  return (role === "published" || role === "relayed") && ids !== undefined ? { role, hops: ids } : undefined;
}

function ownership(owner: unknown, term: unknown): Ownership {
  return {
    owner: isNodeId(owner) ? owner : "",
    term: typeof term === "number" && Number.isSafeInteger(term) && term > 0 ? term : 0,
  };
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error("the registry's answer can't be read");
}
