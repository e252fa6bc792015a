import { assetHeaders, type PageAssets } from "../../http/asset.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { HttpExchange, HttpRoute } from "../../live/ports/http.ts";
import type { ViewerEndpoint } from "../../live/ports/viewer-endpoint.ts";
import type { ConsoleConfig } from "./config.ts";
import { consoleHeaders } from "./security-headers.ts";

/** The beginning of the addresses of the console and its files. */
export const CONSOLE_PATH = "/console/";

/** What the console needs from the server. */
export interface ConsoleContext {
  readonly assets: PageAssets;
  /** The configuration in effect. */
  config(): ConsoleConfig;
  /** Where the page that previews a stream is served. */
  viewerEndpoints(): readonly ViewerEndpoint[];
}

/**
 * Serves a page for operators. The page is the same for everybody and has no data of the server: its script calls the API with the
 * rights of the user who signs in there.
 */
export class Console implements Feature, HttpRoute {
  readonly name = "console";
  readonly #context: ConsoleContext;

  constructor(context: ConsoleContext) {
    this.#context = context;
  }

  handle({ path, method, host }: HttpRequest, exchange: HttpExchange): boolean {
    const { assets, config, viewerEndpoints } = this.#context;
    if (!config().enabled || (method !== "GET" && method !== "HEAD")) return false;
    if (path === "/console" || path === "/") {
      exchange.respond({ status: 302, headers: { location: CONSOLE_PATH }, body: new Uint8Array(0) });
      return true;
    }
    const { page } = assets;
    if (!path.startsWith(CONSOLE_PATH) || page === undefined) return false;
    if (path === CONSOLE_PATH) {
      const headers = { ...consoleHeaders(host, viewerEndpoints()), "cache-control": "no-cache" };
      exchange.respond({ ...page, status: 200, headers, encodings: { gzip: page.gzip } });
      return true;
    }
    const asset = assets.find(path);
    if (asset === undefined) return false;
    const { gzip, ...rest } = asset;
    const headers = { ...assetHeaders, "x-content-type-options": "nosniff" };
    exchange.respond({ ...rest, status: 200, encodings: { gzip }, headers });
    return true;
  }
}
