import type { Argument, Directive } from "./directive.ts";
import { firstIn, type Scope, wordIn, wordOf } from "./mapping.ts";
import { isOn, mapped, type Rule } from "./rules.ts";

const LISTEN = ["http_api", "listen"] as const;
/** SRS's default. */
const DEFAULT_PORT = "1985";
const LOCAL =
  "ignored: other addresses than 127.0.0.1, as without auth everybody could command the server; add auth for other machines";

/** `listen` of SRS's API: other machines reach it in SRS as it is, and here only with credentials. */
export const apiListen: Rule = mapped(
  "`http_api.listen`; without `auth` it is on 127.0.0.1, with a warning",
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
    const user = ["http_api", "user", wordOf(directive)];
    mapping.set([...user, "password"], password);
    mapping.set([...user, "role"], directive, ["admin"]);
  },
);

/** `password` is read with its user's name. */
export const apiPassword: Rule = {
  kind: "key",
  becomes: "`http_api.user.NAME.password`",
  apply(directive, { mapping, block }) {
    if (wordIn(block, "username") === undefined) mapping.error(directive, "has no username beside it");
  },
};

function listenAt(directive: Directive, given: readonly Argument[], { mapping, block }: Scope): void {
  const auth = firstIn(block, "auth");
  const hasUsers = auth !== undefined && isOn(auth);
  const words = given.map(({ text }) => (hasUsers ? everywhere(text) : locally(text)));
  if (words.some((word, at) => word !== given[at]?.text) && !hasUsers) mapping.warn(directive, LOCAL);
  mapping.set(LISTEN, directive, [...new Set(words)]);
}

/** A bare port is every address in SRS. */
function everywhere(text: string): string {
  return /^\d+$/.test(text) ? `[::]:${text}` : text;
}

function locally(text: string): string {
  const port = /^(?:(?:0\.0\.0\.0|\[::\]):)?(\d+)$/.exec(text)?.[1];
  return port === undefined ? text : `127.0.0.1:${port}`;
}
