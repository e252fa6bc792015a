import { UserError } from "../../base/errors.ts";
import { masked, maskPath } from "../../base/mask.ts";
import type { PeerResource } from "../../config/resources.ts";

const PORTS = { "http:": 80, "https:": 443 } as const;

/** A back end's URL that is called for an event. */
export interface HookUrl {
  /** As the operator wrote it. */
  readonly text: string;
  /** The URL that is requested. */
  readonly href: string;
  /** Scheme, host and port: the back end, as the log names it. */
  readonly backEnd: string;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** Reads `http://host[:port][/path][?query]`, or `https://…`. Throws UserError. */
export function parseHookUrl(text: string): HookUrl {
  const url = /[\s\p{Cc}]/u.test(text) ? null : URL.parse(text);
  const defaultPort = Object.entries(PORTS).find(([protocol]) => protocol === url?.protocol)?.[1];
  if (url === null || defaultPort === undefined || !/^https?:\/\//i.test(text))
    throw new UserError("must begin with http:// or https:// and the back end's host");
  if (url.username !== "" || url.password !== "")
    throw new UserError("a user and a password are not supported; sign the calls with secret");
  if (url.hash !== "") throw new UserError("a part behind # is never sent; remove it");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? defaultPort : Number(url.port);
  const backEnd = `${url.protocol}//${url.hostname}:${port}`;
  return { text, href: url.href, backEnd, tls: url.protocol === "https:", host, port };
}

/** The URL as written, without parts that may be secret: the path behind its first level, and the query. */
export function maskHookUrl({ text }: HookUrl): string {
  const [, server = "", path = "", query = ""] = /^(\w+:\/\/[^/?]*)([^?]*)(.*)$/s.exec(text) ?? [];
  const shown = maskPath(path);
  return shown !== path ? `${server}${shown}` : `${server}${path}${query.length > 1 ? `?${masked}` : ""}`;
}

/** The back end, for `srs check`. */
export function hookPeer(url: HookUrl): PeerResource {
  const protocol = url.tls ? "https" : "http";
  const { host, port } = url;
  return { kind: "peer", flow: "none", protocol, host, port, app: undefined, hasVhost: false, text: maskHookUrl(url) };
}
