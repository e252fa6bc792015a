import { createHash } from "node:crypto";

/** The names in a stream's key. */
export interface KeyNames {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** Ids of vhosts are asked for with each client; streams' are kept elsewhere. */
const known = new Map<string, string>();
const MAX_KNOWN = 1000;

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
  const [first, last] = [key.indexOf("/"), key.lastIndexOf("/")];
  return { vhost: key.slice(0, first), app: key.slice(first + 1, last), stream: key.slice(last + 1) };
}
