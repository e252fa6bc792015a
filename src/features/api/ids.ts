import { createHash } from "node:crypto";

/** The names in a stream's key. */
export interface KeyNames {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** The id of a vhost or a stream, by its name or key: the same on all servers, in the look of SRS's. */
export function idOf(name: string): string {
  return `vid-${createHash("sha256").update(name).digest("hex").slice(0, 10)}`;
}

/** Takes a stream's key apart. Vhosts have no slashes in their names. */
export function namesOf(key: string): KeyNames {
  const [first, last] = [key.indexOf("/"), key.lastIndexOf("/")];
  return { vhost: key.slice(0, first), app: key.slice(first + 1, last), stream: key.slice(last + 1) };
}
