import { formatHostPort, parseHostPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import { masked } from "../../base/mask.ts";
import type { RedisServer } from "../../base/redis.ts";
import { list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import type { Table, ValueOf } from "../../config/table.ts";

/** A server of the registry, as the operator wrote it. */
export interface RegistryServer extends RedisServer {
  readonly text: string;
}

const SCHEMES: Readonly<Record<string, boolean>> = { redis: false, valkey: false, rediss: true, valkeys: true };
const PORT = 6379;
const MAX_DATABASE = 1_000_000;

/** The keys of `[cluster]` that are the registry's. */
export const registryKeys = {
  registry: list<RegistryServer>({
    default: [],
    type: `the URL of a Redis or Valkey server, "redis://10.0.0.9:6379", or a list of these`,
    doc: "A Redis or Valkey server by which nodes tell each other their streams; rediss:// is with TLS. Of several, the first that takes writes is used.",
    example: "redis://10.0.0.9:6379",
    reload: "live",
    parse: parseServer,
    toToml: ({ text }) => text,
    toShown: maskServer,
    resource: (server) => ({ kind: "registry", server, text: maskServer(server) }),
    identity: (server) => `${serverLabel(server)}/${server.database}`,
  }),
  registry_prefix: text({
    default: "srs",
    type: "a name",
    doc: "Prefix of the registry's keys: clusters with different prefixes may share a server.",
    reload: "live",
    problem: (value) =>
      /^[A-Za-z0-9._-]{1,64}$/.test(value) ? undefined : "must have 64 characters at most: letters, digits, and . _ -",
  }),
} as const;

/** The registry's part of `[cluster]`. */
export type RegistryConfig = ValueOf<Table<typeof registryKeys>>;

/** A server for the log: without its user and password. */
export function serverLabel({ host, port, tls }: RedisServer): string {
  return `${tls ? "rediss" : "redis"}://${formatHostPort({ host, port })}`;
}

function maskServer({ text, password }: RegistryServer): string {
  return password === "" ? text : text.replace(/:[^:@/]*@/, `:${masked}@`);
}

/** Reads `redis://[user][:password]@host[:port][/database]`. Throws UserError. */
function parseServer(value: unknown): RegistryServer {
  const written = typeof value === "string" ? value : "";
  const [, scheme = "", user, password = "", authority = "", database = "0"] =
    /^([a-z]+):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#\s]+)(?:\/(\d*))?$/i.exec(written) ?? [];
  const tls = SCHEMES[scheme.toLowerCase()];
  // The unreadable part may be a password.
  const shown = written.includes("@") ? "one with a user or a password that can't be read" : show(value);
  if (typeof value !== "string" || tls === undefined)
    throw new UserError(`must be the URL of a server (redis, rediss), "redis://10.0.0.9:6379", not ${shown}`);
  if (Number(database) > MAX_DATABASE) throw new UserError(`has no database ${database}`);
  return {
    ...{ text: value, tls, username: decoded(user ?? ""), password: decoded(password), database: Number(database) },
    ...parseHostPort(authority, PORT),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UserError("has a user or a password with a % that encodes nothing; write %25 for it");
  }
}
