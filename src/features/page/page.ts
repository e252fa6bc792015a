import { assetHeaders } from "../../http/asset.ts";
import { hasFileEnding } from "../../http/content-type.ts";
import { locationOf } from "../../http/location.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { HttpExchange, HttpRoute } from "../../live/ports/http.ts";
import type { StreamName } from "../../live/streams.ts";
import { ASSET_PATH, type Assets } from "./assets.ts";
import type { PageConfig } from "./config.ts";
import { plainHeaders, playerHeaders } from "./security-headers.ts";
import { renderStreamList } from "./stream-list.ts";

/** Browsers ask for a page again each time, and mostly get a 304. */
const REVALIDATE = { "cache-control": "no-cache" };

/** What StreamPage needs from the server. */
export interface PageContext {
  readonly assets: Assets;
  /** The configuration in effect. */
  config(): PageConfig;
  /** URLs of servers to which this one may redirect the page's player. */
  servers(): readonly string[];
  /** The live streams of the vhost that serves a name. */
  liveStreams(vhost: string): readonly StreamName[];
}

/** Serves a page with a player for each stream, live or not, and the list of live streams if it is switched on. */
export class StreamPage implements Feature, HttpRoute {
  readonly name = "page";
  readonly http = [this];
  readonly #context: PageContext;

  constructor(context: PageContext) {
    this.#context = context;
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    const config = this.#context.config();
    if (request.webSocket) return false;
    const { path } = request;
    if (path.startsWith(ASSET_PATH)) return this.#asset(path, exchange);
    if (path === "/") return config.list_streams && this.#list(request, config, exchange);
    if (!config.enabled) return false;
    if (path.endsWith("/")) return isPagePath(path.slice(0, -1)) && toPage(request, exchange);
    return isPagePath(path) && this.#page(request, config, exchange);
  }

  #asset(path: string, exchange: HttpExchange): boolean {
    const asset = this.#context.assets.find(path);
    if (asset === undefined) return false;
    const { type, etag, body, gzip } = asset;
    exchange.respond({ status: 200, type, etag, body, encodings: { gzip }, headers: assetHeaders });
    return true;
  }

  #page(request: HttpRequest, { embed }: PageConfig, exchange: HttpExchange): boolean {
    const { page } = this.#context.assets;
    if (page === undefined) return false;
    const headers = { ...playerHeaders(request, embed, this.#context.servers()), ...REVALIDATE };
    exchange.respond({ ...page, status: 200, headers, encodings: { gzip: page.gzip } });
    return true;
  }

  #list({ query, host }: HttpRequest, { embed }: PageConfig, exchange: HttpExchange): boolean {
    const params = new URLSearchParams(query);
    const named = params.get("vhost") || params.get("domain") || "";
    const streams = this.#context.liveStreams(named || host);
    const link = named === "" ? "" : `?vhost=${encodeURIComponent(named)}`;
    exchange.respond({
      status: 200,
      type: "text/html; charset=utf-8",
      body: new TextEncoder().encode(renderStreamList(streams, link, this.#context.assets)),
      headers: { ...plainHeaders(embed), "cache-control": "no-store" },
    });
    return true;
  }
}

/** Redirects to the path without the slash at its end, as relative links and media addresses need that one. */
function toPage({ path, query }: HttpRequest, exchange: HttpExchange): boolean {
  const location = locationOf(path.slice(0, -1), query);
  exchange.respond({ status: 308, headers: { location, "cache-control": "no-store" } });
  return true;
}

/**
 * Whether the path is that of a stream's page: `/app/stream`, with or without `.html`. A name that ends like a file's (`style.css`,
 * `cam.flv`) has its page with `.html` only, so that a missing file is not answered with a page. Without an app, a
 * name with a dot is a file such as `/favicon.ico` or `/index.html`.
 */
export function isPagePath(path: string): boolean {
  const levels = path.slice(1).split("/");
  const last = levels.at(-1) ?? "";
  if (levels.includes("") || last === ".html") return false;
  if (hasFileEnding(last) && !/\.html$/i.test(last)) return false;
  return levels.length > 1 || !last.includes(".");
}
