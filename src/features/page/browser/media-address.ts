import { OTHER_SERVER_PARAM, otherServers } from "../other-servers.ts";

/** A way in which media come: FLV over HTTP or over a WebSocket, HLS by a script, HLS by the browser itself. */
export type Way = "flv" | "ws" | "hls" | "native";

/** The parameter that chooses a way. */
const WAY_PARAM = "via";

/** One server's addresses of a stream: `base` is its address without an ending, `query` what its addresses carry, with "?". */
export interface MediaServer {
  readonly base: string;
  readonly query: string;
}

/** What a page's address says. */
export interface PageAddress {
  /** The way that the viewer chose; undefined: the best that the browser can. */
  readonly chosen: "flv" | "ws" | "hls" | undefined;
  /** This server first, then the others that are named. */
  readonly servers: readonly MediaServer[];
  /** The stream's name, readable. */
  readonly name: string;
}

/** Reads a page's address. All parameters but the page's own (`via`, `also`) are kept for the media: they may be what lets a viewer in. */
export function readPageAddress(href: string): PageAddress {
  const url = new URL(href);
  const way = url.searchParams.get(WAY_PARAM);
  const own = mediaQuery(url.search);
  const others = otherServers(url.search.slice(1)).map((other) => ({
    base: baseOf(other),
    // Its own parameters are meant for it; without any, those of this page.
    query: mediaQuery(other.search) || own,
  }));
  return {
    chosen: way === "flv" || way === "ws" || way === "hls" ? way : undefined,
    servers: [{ base: baseOf(url), query: own }, ...others],
    name: readable(new URL(baseOf(url)).pathname.slice(1)),
  };
}

/** The address of a stream's media. */
export function mediaUrl({ base, query }: MediaServer, way: Way): string {
  const url = `${base}${way === "flv" || way === "ws" ? ".flv" : ".m3u8"}${query}`;
  return way === "ws" ? url.replace(/^http/, "ws") : url;
}

/** The page's address with another way, or without one. */
export function withWay(href: string, way: string): string {
  const url = new URL(href);
  url.searchParams.delete(WAY_PARAM);
  if (way !== "") url.searchParams.set(WAY_PARAM, way);
  return url.href;
}

function baseOf(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\.html$/i, "")}`;
}

/** The parameters besides the page's own, as they were written: a signature may cover their very characters. */
function mediaQuery(search: string): string {
  const own = [WAY_PARAM, OTHER_SERVER_PARAM];
  const kept = search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !own.includes(pair.split("=", 1)[0] ?? ""));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
