import { type HostPort, parseHostPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";

/** The server of HTTP requests. */
export interface HttpAddress extends HostPort {
  readonly tls: boolean;
}

/** The destination of one player over HTTP or a WebSocket. */
export interface HttpTarget {
  readonly protocol: "http-flv" | "ws-flv" | "http-ts" | "ws-ts" | "hls";
  readonly address: HttpAddress;
  /** Absolute. */
  readonly url: URL;
  /** `app/stream`, for people. */
  readonly stream: string;
}

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "ws:": 80, "wss:": 443 };

/** The server of an absolute URL. Throws UserError for another scheme, or an invalid address. */
export function httpAddress(url: URL): HttpAddress {
  const port = PORTS[url.protocol];
  if (port === undefined) throw new UserError(`"${url.href}" is no URL of HTTP`);
  return { ...parseHostPort(url.host, port), tls: url.protocol === "https:" || url.protocol === "wss:" };
}

/** Reads the URL of a player, whose path ends in the format; `authority` is its host and port as written. Throws UserError. */
export function readHttpTarget(text: string, authority: string): HttpTarget {
  // URL.parse does not report an empty host, or a port of 0.
  parseHostPort(authority, 80);
  const url = URL.parse(text);
  if (url === null) throw new UserError(`"${text}" is no URL like http://host/live/livestream.flv`);
  const [, stream = "", format = ""] = /^\/(.*[^/])\.(flv|ts|m3u8)$/.exec(url.pathname) ?? [];
  if (format === "")
    throw new UserError(`${text}: the ending says what is played, as in /live/livestream.flv, .ts or .m3u8`);
  const webSocket = url.protocol.startsWith("ws");
  if (webSocket && format === "m3u8") throw new UserError(`${text}: HLS has no WebSocket; write http:// or https://`);
  const protocol = format === "m3u8" ? "hls" : (`${webSocket ? "ws" : "http"}-${format as "flv" | "ts"}` as const);
  return { protocol, address: httpAddress(url), url, stream: decoded(stream) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
