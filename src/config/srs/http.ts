import type { Directive } from "./directive.ts";
import { firstIn, wordOf } from "./mapping.ts";
import { isOn, mapped, type Rule } from "./rules.ts";

/** SRS's default port of `http_server`. */
export const httpPort = 8080;

/** SRS's default port of `http_server { https }`. */
export const httpsPort = 8088;

/** A listener of SRS's HTTP server, with its addresses as the file has them. */
interface HttpListener {
  readonly name: string;
  readonly texts: readonly string[];
}

/** The listeners of SRS's HTTP server that a file switches on. */
export function httpListeners(file: readonly Directive[]): readonly HttpListener[] {
  const server = firstIn(file, "http_server");
  if (server?.body === undefined || !isOn(server)) return [];
  const https = firstIn(server.body, "https");
  const http = { name: "http_server", texts: listenIn(server.body, httpPort) };
  if (https?.body === undefined || !isOn(https)) return [http];
  return [http, { name: "http_server { https }", texts: listenIn(https.body, httpsPort) }];
}

function listenIn(block: readonly Directive[], defaultPort: number): readonly string[] {
  return firstIn(block, "listen")?.args.map(({ text }) => text) ?? [String(defaultPort)];
}

/** SRS listens on a default port when a block is switched on without one. */
export function listensWhenOn(port: number, ...path: string[]): Rule {
  return mapped(
    `without \`listen\`, \`${path.join(".")}\` is ${port}`,
    (directive, { mapping, path: table, block }) => {
      if (wordOf(directive) === "on" && firstIn(block, "listen") === undefined)
        mapping.set([...table, ...path], directive, [String(port)]);
    },
  );
}

/** Pages of all hosts may read answers here. */
export const crossdomain: Rule = {
  kind: "as it is",
  becomes: "`on` as it is; `off` is ignored: pages of all hosts may read answers",
  apply(directive, { mapping }) {
    if (wordOf(directive) === "off") mapping.warn(directive, "ignored: pages of all hosts may read answers");
  },
};

/** A vhost's streams over HTTP: off in SRS with a block that does not switch them on. */
export const httpRemux = mapped(
  "`http_remux.enabled`; a block without `enabled on` is `false`, a vhost without the block is `true`",
  (directive, { mapping, path }) => {
    const key = [...path, "http_remux", "enabled"];
    const { body } = directive;
    const enabled = firstIn(body ?? [], "enabled");
    if (body === undefined) mapping.error(directive, "must be a block, http_remux { … }");
    else if (enabled !== undefined) mapping.set(key, enabled);
    else mapping.set(key, { ...directive, body: undefined }, ["off"]);
  },
);

/** SRS's default addresses of streams, in all its spellings; all are served here. */
const USUAL_MOUNT = /^(?:\[vhost\])?\/\[app\]\/\[stream\]\.(?:flv|ts|aac|mp3)$/;
const ADDRESSES = "streams are at /app/stream.flv, .ts, .aac and .mp3";

/** The address of a vhost's streams. */
export const mount: Rule = {
  kind: "as it is",
  becomes: `\`[vhost]/[app]/[stream].flv\` as it is; another is ignored: ${ADDRESSES}`,
  apply(directive, { mapping }) {
    if (!USUAL_MOUNT.test(wordOf(directive))) mapping.warn(directive, `ignored: ${ADDRESSES}`);
  },
};

/** Whether viewers get a track: in SRS one choice for all, here each viewer chooses. */
export function trackFor(parameter: string): Rule {
  const why = `a viewer that does not want it asks with \`${parameter}=0\``;
  return {
    kind: "as it is",
    becomes: `\`on\` as it is; \`off\` is ignored: ${why}`,
    apply(directive, { mapping }) {
      if (wordOf(directive) === "off") mapping.warn(directive, `ignored: ${why}`);
    },
  };
}
