import { contentPolicy } from "../../http/content-policy.ts";
import type { HttpRequest } from "../../http/request.ts";
import { isPlainHost, otherServers } from "./other-servers.ts";

/** Hosts that may embed a page, or "none"; an empty list allows all. */
export type Embedding = readonly string[];

const common: Readonly<Record<string, string>> = {
  // Other servers learn the site of the page, but not its address, which may have a token.
  "referrer-policy": "strict-origin-when-cross-origin",
};

/**
 * Headers of a player's page: it loads scripts and styles from this server only, and media from this server, from those that the
 * address names, and from those that this server redirects to.
 */
export function playerHeaders(
  request: HttpRequest,
  embed: Embedding,
  servers: readonly string[] = [],
): Record<string, string> {
  const others = otherServers(request.query).map(({ origin }) => origin);
  const http = [...others, ...servers];
  const sockets = others.map((origin) => origin.replace(/^http/, "ws"));
  const host = request.header("host")?.toLowerCase() ?? "";
  // In older browsers, 'self' does not include WebSockets.
  const own = isPlainHost(host) ? [`ws://${host}`, `wss://${host}`] : [];
  return {
    ...common,
    "content-security-policy": contentPolicy({
      "script-src": ["'self'"],
      "style-src": ["'self'"],
      "img-src": ["'self'"],
      "media-src": ["'self'", "blob:", ...http],
      "connect-src": ["'self'", ...own, ...http, ...sockets],
      "frame-ancestors": ancestors(embed),
    }),
  };
}

/** Headers of a page without scripts. */
export function plainHeaders(embed: Embedding): Record<string, string> {
  return {
    ...common,
    "content-security-policy": contentPolicy({
      "style-src": ["'self'"],
      "img-src": ["'self'"],
      "frame-ancestors": ancestors(embed),
    }),
  };
}

function ancestors(embed: Embedding): string[] {
  if (embed.length === 0) return ["*"];
  if (embed.includes("none")) return ["'none'"];
  return ["'self'", ...embed.flatMap((host) => [`${host}:*`, `*.${host}:*`])];
}
