import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundlePage } from "../../../../scripts/bundle-page.ts";
import { pageAssets } from "../../../../src/app/browser-assets.ts";
import type { PageConfig } from "../../../../src/features/page/config.ts";
import { StreamPage } from "../../../../src/features/page/page.ts";
import { answerOf, bodyOf } from "../../http-exchange.ts";
import type { LiveFlv } from "./live-flv.ts";

/** What the server says to who asks for media. */
export type Offer =
  | { readonly flv?: LiveFlv; readonly hlsFolder?: string }
  | { readonly status: number; readonly text: string };

let bundled: Promise<string> | undefined;

/** The page's files, made once a run. */
async function pageFolder(): Promise<string> {
  bundled ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "page-"));
    await bundlePage(folder);
    return folder;
  })();
  return bundled;
}

/** What a viewer gets first: the link to the media playlist, with the viewer's session. */
function multivariant(search: string): string {
  const params = new URLSearchParams(search);
  params.set("hls_ctx", "7");
  return `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\ncam.m3u8?${params}\n`;
}
const cors = { "access-control-allow-origin": "*" };

/** A server with the page's route and media that a test decides on. */
export class MediaServer {
  /** What it says to media requests from now on; live streams that were begun go on. */
  offer: Offer = { status: 404, text: "no such stream" };
  readonly config: PageConfig = { enabled: true, list_streams: false, embed: [] };
  /** Media requests as they came: paths with queries. */
  readonly asked: string[] = [];
  readonly #page: StreamPage;
  readonly #server: Bun.Server<{ leave?: () => void }>;
  readonly #ends = new Set<(error?: Error) => void>();

  private constructor(folder: string) {
    this.#page = new StreamPage({
      assets: pageAssets(folder),
      config: () => this.config,
      liveStreams: () => [],
      servers: () => [],
    });
    this.#server = Bun.serve<{ leave?: () => void }>({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch: (request, server) => this.#answer(request, server),
      websocket: {
        open: (socket) => {
          const offer = this.offer;
          if (!("flv" in offer) || offer.flv === undefined) return;
          const leave = offer.flv.join((bytes) => socket.send(bytes));
          const end = (): void => socket.close();
          this.#ends.add(end);
          socket.data.leave = () => {
            leave();
            this.#ends.delete(end);
          };
        },
        message: () => undefined,
        close: (socket) => socket.data.leave?.(),
      },
    });
  }

  static async start(): Promise<MediaServer> {
    return new MediaServer(await pageFolder());
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Ends all live bodies as an ended stream does; with an error, as a server that dies. */
  endViewers(error?: Error): void {
    for (const end of [...this.#ends]) end(error);
  }

  /** Refuses connections from now on; those that are open break. */
  async die(): Promise<void> {
    await this.#server.stop(true);
  }

  #answer(request: Request, server: Bun.Server<{ leave?: () => void }>): Response | undefined {
    const { pathname, search, hostname } = new URL(request.url);
    const upgrade = request.headers.get("upgrade") === "websocket";
    const answer = answerOf(this.#page, {
      method: request.method === "HEAD" ? "HEAD" : "GET",
      path: decodeURIComponent(pathname),
      query: search.slice(1),
      host: hostname,
      header: (name) => request.headers.get(name) ?? undefined,
      secure: false,
      body: new Uint8Array(),
      webSocket: upgrade,
    });
    if (answer !== undefined) {
      const { status, type = "", headers } = answer;
      return new Response(bodyOf(answer).slice(), { status, headers: { ...headers, "content-type": type } });
    }
    return this.#media(request, server, pathname, search, upgrade);
  }

  #media(
    request: Request,
    server: Bun.Server<{ leave?: () => void }>,
    pathname: string,
    search: string,
    upgrade: boolean,
  ): Response | undefined {
    const { offer } = this;
    const segment = /\/([\w-]+\.ts)$/.exec(pathname)?.[1];
    if (segment === undefined) this.asked.push(pathname + search);
    if ("status" in offer) {
      return new Response(`${offer.text}\n`, {
        status: offer.status,
        headers: { ...cors, "content-type": "text/plain" },
      });
    }
    if (pathname.endsWith(".flv") && offer.flv !== undefined) {
      if (upgrade) return server.upgrade(request, { data: {} }) ? undefined : new Response("", { status: 400 });
      return this.#flv(offer.flv, request.signal);
    }
    const name = segment ?? "live.m3u8";
    if (offer.hlsFolder === undefined) return new Response("not here\n", { status: 404, headers: cors });
    const isFirst = segment === undefined && !search.includes("hls_ctx=");
    try {
      const file = readFileSync(join(offer.hlsFolder, name));
      return new Response(isFirst ? multivariant(search) : file, { headers: cors });
    } catch {
      return new Response("not there\n", { status: 404, headers: cors });
    }
  }

  #flv(live: LiveFlv, signal: AbortSignal): Response {
    let leave = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const left = live.join((bytes) => controller.enqueue(bytes));
        const end = (error?: Error): void => {
          leave();
          if (error === undefined) controller.close();
          else controller.error(error);
        };
        this.#ends.add(end);
        leave = () => {
          left();
          this.#ends.delete(end);
        };
      },
      cancel: () => leave(),
    });
    signal.addEventListener("abort", () => leave());
    return new Response(body, { headers: { ...cors, "content-type": "video/x-flv" } });
  }
}
