import { createHash } from "node:crypto";

/** The names in a stream's key. */
export interface KeyNames {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** Names and ids are asked for with each client and stream. */
const MAX_KNOWN = 1000;
const known = new Map<string, string>();
const parts = new Map<string, KeyNames>();

/** The id of a vhost or a stream, by its name or key: the same on all servers, in the look of SRS's. */
export function idOf(name: string): string {
  let id = known.get(name);
  if (id === undefined) {
    id = `vid-${createHash("sha256").update(name).digest("hex").slice(0, 10)}`;
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(name, id);
  }
  return id;
}

/** Takes a stream's key apart. Vhosts have no slashes in their names. */
export function namesOf(key: string): KeyNames {
  let names = parts.get(key);
  if (names === undefined) {
    const [first, last] = [key.indexOf("/"), key.lastIndexOf("/")];
    names = { vhost: key.slice(0, first), app: key.slice(first + 1, last), stream: key.slice(last + 1) };
    if (parts.size >= MAX_KNOWN) parts.clear();
    parts.set(key, names);
  }
  return names;
}
