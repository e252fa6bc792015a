import { OTHER_SERVER_PARAM, otherServers } from "../other-servers.ts";

/** A way to play a stream: FLV over HTTP or over a WebSocket, HLS by a script, or HLS by the browser itself. */
export type Way = "flv" | "ws" | "hls" | "native";

/** The parameter that chooses a way. */
const WAY_PARAM = "via";

/** A stream's addresses on one server: `base` is the address without an ending, `query` that of all addresses, with "?". */
export interface MediaServer {
  readonly base: string;
  readonly query: string;
}

/** The parts of a page's address. */
export interface PageAddress {
  /** The way that the viewer chose; undefined: the best that the browser supports. */
  readonly chosen: "flv" | "ws" | "hls" | undefined;
  /** This server, then the others that the address names. */
  readonly servers: readonly MediaServer[];
  /** The stream's name, decoded. */
  readonly name: string;
}

/** Reads a page's address. All parameters but the page's own (`via`, `also`) are kept for the media, as they may admit the viewer. */
export function readPageAddress(href: string): PageAddress {
  const url = new URL(href);
  const way = url.searchParams.get(WAY_PARAM);
  const own = mediaQuery(url.search);
  const others = otherServers(url.search.slice(1)).map((other) => ({
    base: baseOf(other),
    // An address with parameters keeps them; without any, it gets those of this page.
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

/** The parameters besides the page's own, unchanged, as a signature may cover their exact characters. */
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
