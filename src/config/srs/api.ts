import { collide, type ListenAddress, parseListen } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import type { Argument, Directive } from "./directive.ts";
import { httpListeners } from "./http.ts";
import { firstIn, type Scope, wordIn, wordOf } from "./mapping.ts";
import { isOn, mapped, type Rule, switchedBlock } from "./rules.ts";

const LISTEN = ["http_api", "listen"] as const;
const USER = ["http_api", "user"] as const;
/** SRS's default. */
const DEFAULT_PORT = "1985";
const LOCAL =
  "ignored: other addresses than 127.0.0.1, as without auth everybody could command the server; add auth for other machines";

/** The keys of listeners that the file's API may share a port with. */
const COMPARED = [LISTEN, ["http_server", "listen"], ["http_server", "tls", "listen"]] as const;

/** SRS's API, which in SRS may have the port of the HTTP server, and any password. */
export const apiBlock: Rule = {
  ...switchedBlock,
  whyLeftOut: ({ body = [] }, scope) => takenPort(body, scope) ?? weakPassword(body, scope),
};

function takenPort(body: readonly Directive[], { mapping, block }: Scope): string | undefined {
  // A variable may replace one of the addresses: the complete configuration is checked for collisions later.
  if (COMPARED.some((path) => mapping.isReplaced(path))) return undefined;
  const texts = firstIn(body, "listen")?.args.map(({ text }) => text) ?? [DEFAULT_PORT];
  const own = texts.map(hasUsers(body) ? everywhere : locally).flatMap(readAddress);
  const others = httpListeners(block).map(({ name, texts }) => ({ name, addresses: texts.flatMap(readAddress) }));
  for (const { name, addresses } of others) {
    const shared = own.find((address) => addresses.some((other) => collide(address, other)));
    if (shared === undefined) continue;
    const free = shared.port === Number(DEFAULT_PORT) ? shared.port + 1 : DEFAULT_PORT;
    return `port ${shared.port} is ${name}'s, and the API needs a port of its own here; write http_api { listen ${free}; }`;
  }
  return undefined;
}

/** Why the API is not served with a password that others soon guess, as SRS's own files have it. */
function weakPassword(body: readonly Directive[], { mapping }: Scope): string | undefined {
  // With an address of a variable, the API would be served without its credentials.
  if (!hasUsers(body) || mapping.isReplaced(LISTEN)) return undefined;
  const auth = firstIn(body, "auth")?.body ?? [];
  const [name, password] = [wordIn(auth, "username"), wordIn(auth, "password")];
  // What is missing is reported where the other one is mapped.
  if (name === undefined || password === undefined) return undefined;
  const problem = mapping.problemOf([...USER, name, "password"], password);
  return problem && `the password of auth ${problem} here, as its user commands the server; write a longer one`;
}

/** `listen` of SRS's API: other machines reach it in SRS as it is, and here only with credentials. */
export const apiListen: Rule = mapped(
  "`http_api.listen`; without `auth` it is on 127.0.0.1, with a warning; on a port of `http_server` the API is left out, as it needs one of its own",
  (directive, scope) => listenAt(directive, directive.args, scope),
);

/** `enabled` of SRS's API, which has a default port where the file names none. */
export const apiEnabled: Rule = mapped(
  `without \`listen\`, \`http_api.listen\` is ${DEFAULT_PORT}`,
  (directive, scope) => {
    if (wordOf(directive) !== "on" || firstIn(scope.block, "listen") !== undefined) return;
    listenAt(directive, [{ text: DEFAULT_PORT, line: directive.line, beginsLine: false }], scope);
  },
);

/** `username` of SRS's API: a user with all rights, as in SRS. */
export const apiUsername: Rule = mapped(
  "`http_api.user.NAME`, with the role admin",
  (directive, { mapping, block }) => {
    const password = firstIn(block, "password");
    if (password === undefined) {
      mapping.error(directive, "has no password beside it");
      return;
    }
    const user = [...USER, wordOf(directive)];
    mapping.set([...user, "password"], password);
    mapping.set([...user, "role"], directive, ["admin"]);
  },
);

/** `password` is read with its user's name. */
export const apiPassword: Rule = {
  kind: "key",
  becomes: "`http_api.user.NAME.password`; with one of fewer than 8 characters the API is left out",
  apply(directive, { mapping, block }) {
    if (wordIn(block, "username") === undefined) mapping.error(directive, "has no username beside it");
  },
};

function listenAt(directive: Directive, given: readonly Argument[], { mapping, block }: Scope): void {
  const isOpen = hasUsers(block);
  const words = given.map(({ text }) => (isOpen ? everywhere(text) : locally(text)));
  if (words.some((word, at) => word !== given[at]?.text) && !isOpen) mapping.warn(directive, LOCAL);
  mapping.set(LISTEN, directive, [...new Set(words)]);
}

function hasUsers(block: readonly Directive[]): boolean {
  const auth = firstIn(block, "auth");
  return auth !== undefined && isOn(auth);
}

/** The addresses that a text names; none for a wrong text, which is reported where it is mapped. */
function readAddress(text: string): readonly ListenAddress[] {
  try {
    return [parseListen(text)];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** A bare port is every address in SRS. */
function everywhere(text: string): string {
  return /^\d+$/.test(text) ? `[::]:${text}` : text;
}

function locally(text: string): string {
  const port = /^(?:(?:0\.0\.0\.0|\[::\]):)?(\d+)$/.exec(text)?.[1];
  return port === undefined ? text : `127.0.0.1:${port}`;
}
