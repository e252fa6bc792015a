import { messageOf, ProtocolError } from "../base/errors.ts";
import type { HttpGet, HttpHandler, HttpRequest } from "../base/http.ts";
import { FlvReader } from "../media/flv-reader.ts";
import type { PullClient, PullClientEvents, PullEnd } from "./pull-client.ts";
import { checkRedirect } from "./redirects.ts";

/** Statuses that do not answer the request: Request Timeout, Too Many Requests. */
const BUSY: ReadonlySet<number> = new Set([408, 429]);

/** A stream read as FLV over HTTP. */
export class FlvPullClient implements PullClient, HttpHandler {
  readonly #get: HttpGet;
  readonly #events: PullClientEvents;
  readonly #reader: FlvReader;
  #url: string;
  #redirects = 0;
  #request: HttpRequest;
  #connected = false;
  #started = false;
  #over = false;
  bytes = 0;

  constructor(get: HttpGet, url: string, events: PullClientEvents) {
    this.#get = get;
    this.#url = url;
    this.#events = events;
    this.#reader = new FlvReader((kind, timestamp, payload) => events.push(kind, timestamp, payload, false));
    this.#request = get(url, this);
  }

  get heldBytes(): number {
    return this.#reader.bufferedBytes;
  }

  close(): void {
    this.#over = true;
    this.#reader.stop();
    this.#request.abort();
  }

  onConnected(): void {
    if (this.#over) return;
    this.#connected = true;
    this.#events.connected?.();
  }

  onResponse(status: number, location: string | undefined, server: string): void {
    if (this.#over) return;
    this.#events.answered?.();
    if (status === 200) {
      this.#started = true;
      this.#events.started({ name: server, hops: [] });
    } else if (status >= 300 && status < 400 && location !== undefined) this.#follow(status, location);
    else if (status === 404 || status === 410) this.#end({ how: "absent", error: `HTTP ${status}` });
    else if (status >= 400 && status < 500 && !BUSY.has(status)) {
      const error = `HTTP ${status}`;
      this.#end({ how: "refused", error, description: error, redirect: undefined });
    }
    // The server is alive: a failure may concern this stream alone.
    else this.#end({ how: "failed", error: `HTTP ${status}` });
  }

  onData(bytes: Uint8Array): void {
    if (this.#over || !this.#started) return;
    this.bytes += bytes.length;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end({ how: "lost", error: `protocol error: ${messageOf(error)}` });
    }
  }

  onEnd(reason: string | undefined): void {
    // HTTP can't express the end of a stream: a proper close means it.
    if (reason === undefined) this.#end({ how: "ended", error: "the server ended the stream" });
    else if (this.#started) this.#end({ how: "lost", error: reason });
    // Another server's silence is not this server's fault.
    else if (this.#redirects > 0) this.#end({ how: "failed", error: reason });
    else this.#end({ how: this.#connected ? "unanswered" : "unreachable", error: reason });
  }

  #follow(status: number, location: string): void {
    const to = URL.parse(location, this.#url);
    const protocol = this.#url.startsWith("https:") ? "https" : "http";
    const by = { protocol, ip: this.#request.ip } as const;
    const step = checkRedirect(by, to?.protocol.slice(0, -1) ?? "", ++this.#redirects);
    if (to === null || step.problem !== undefined)
      this.#end({ how: "failed", error: `HTTP ${status}: ${step.problem ?? "no URL"}` });
    else {
      this.#request.abort();
      this.#url = to.href;
      this.#request = this.#get(to.href, this, step);
    }
  }

  #end(end: PullEnd): void {
    if (this.#over) return;
    this.close();
    this.#events.over(end);
  }
}
