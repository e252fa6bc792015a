import { createHash } from "node:crypto";

/** The names in a stream's key. */
export interface KeyNames {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** Maximum size of each cache: names and ids are needed for each client and stream in a list. */
const MAX_KNOWN = 1000;
const known = new Map<string, string>();
const parts = new Map<string, KeyNames>();

/** The id of a vhost or a stream, from its name or key: the same on all servers, in the form of SRS's ids. */
export function idOf(name: string): string {
  let id = known.get(name);
  if (id === undefined) {
    id = `vid-${createHash("sha256").update(name).digest("hex").slice(0, 10)}`;
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(name, id);
  }
  return id;
}

/** Splits a stream's key into its names. A vhost's name has no slashes. */
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
