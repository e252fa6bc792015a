import { createHash } from "node:crypto";
import { formatHostPort, type HostPort } from "../../base/address.ts";
import type { Log, LogFields } from "../../base/log.ts";
import { joined } from "../../base/memory.ts";
import type { Transport } from "../../base/transport.ts";
import { type BodyFraming, framingOf } from "../../http/framing.ts";
import { encodedPath } from "../../http/location.ts";
import type { HttpRequest, RequestHead } from "../../http/request.ts";
import { upgradeHeaders } from "../../http/websocket-handshake.ts";
import type { Elsewhere } from "../../live/ports/access.ts";
import type { ClientRecord } from "../../live/ports/clients.ts";
import type { Refused } from "../../live/ports/entry.ts";
import type {
  HttpAnswer,
  HttpBody,
  HttpBodyOwner,
  HttpExchange,
  HttpStreamAnswer,
  LoggedRefusal,
} from "../../live/ports/http.ts";
import { type Prepared, prepareAnswer, textAnswer, writeHead } from "./answer.ts";
import type { HttpContext } from "./context.ts";
import { FileSender } from "./file-sender.ts";
import { LiveBody } from "./live-body.ts";
import { headersOf, refusalStatuses } from "./statuses.ts";

/** A body up to this size (bytes) is sent in one buffer with its head. */
const JOINED_BYTES = 8 * 1024;

/** The connection that an exchange is on. */
export interface ExchangeConnection {
  readonly context: HttpContext;
  readonly client: ClientRecord;
  readonly transport: Transport;
  readonly log: Log;
  /** Whether the connection may stay open for another request. */
  readonly keepsAlive: boolean;
  /** All of an answer has been handed to the transport. */
  answered(keepAlive: boolean): void;
  /** Calls `done` when what was sent has left, or the client is gone. */
  whenSent(done: () => void): void;
  /** A live body has begun, which takes the rest of the connection. */
  streams(body: LiveBody): void;
  /** The live body has ended. */
  ended(): void;
}

/*
 * open ──respond, refuse──> sending (a file) ──> over
 *   │└──stream──> over: the body continues by itself
 *   └──the client goes──> over
 */
/** One request, its way through the routes, and its answer. */
export class Exchange implements HttpExchange {
  readonly #connection: ExchangeConnection;
  readonly #request: RequestHead & HttpRequest;
  #next = 0;
  /** The answer if no route has one, from the first route that passed with something more exact than 404. */
  #otherwise: LoggedRefusal | (() => void) | undefined;
  #state: "open" | "sending" | "over" = "open";
  #sender: FileSender | undefined;
  gone = false;
  onGone: (() => void) | undefined;

  constructor(connection: ExchangeConnection, request: RequestHead & HttpRequest) {
    this.#connection = connection;
    this.#request = request;
  }

  /** Whether no answer has begun. */
  get waits(): boolean {
    return this.#state === "open";
  }

  get remote(): HostPort {
    return this.#connection.client.remote;
  }

  get client(): ClientRecord {
    return this.#connection.client;
  }

  get framing(): BodyFraming {
    return framingOf(this.#request);
  }

  /** Asks the routes in order, beginning after the one that passed the request on. */
  pass(otherwise?: LoggedRefusal | (() => void)): void {
    if (this.gone) return;
    this.#checkOpen();
    this.#otherwise ??= otherwise;
    const { routes } = this.#connection.context;
    while (this.#next < routes.length) if (routes[this.#next++]?.handle(this.#request, this)) return;
    const last = this.#otherwise;
    this.#otherwise = undefined;
    if (typeof last === "function") last();
    else if (last !== undefined) this.refuse(last.refused, last.about);
    else this.#notFound();
  }

  #notFound(): void {
    const { context, log } = this.#connection;
    const fields = { addr: formatHostPort(this.remote), path: this.#request.path };
    context.refusals.add({ rule: "not_found", log, message: "nothing at this address", fields, level: "debug" });
    this.respond(textAnswer(404, "there is nothing at this address"));
  }

  respond(answer: HttpAnswer): void {
    const { body } = answer;
    if (this.gone) {
      answer.done?.();
      if (body !== undefined && !(body instanceof Uint8Array)) body.close();
      return;
    }
    this.#checkOpen();
    const prepared = prepareAnswer(this.#request, answer, this.#connection.context.clock.wall());
    // The head is written first, as it throws for headers that can't be sent, a fault of the route.
    const head = this.#head(prepared);
    if (body !== undefined && !(body instanceof Uint8Array) && prepared.body === undefined) body.close();
    this.#state = "sending";
    this.#send(head, prepared);
    if (answer.done !== undefined) this.#connection.whenSent(answer.done);
  }

  refuse(
    { rule, kind, reason, detail, by, elsewhere }: Refused,
    about: LogFields = { path: this.#request.path },
  ): void {
    if (this.gone) return;
    const { context, log } = this.#connection;
    if (elsewhere !== undefined) {
      this.#redirect(elsewhere, about);
      return;
    }
    const fields = { addr: formatHostPort(this.remote), ...about, error: reason, detail, by };
    const message = about.stream === undefined ? "request refused" : "play refused";
    context.refusals.add({ rule, log, message, fields });
    const status = refusalStatuses[kind];
    this.respond(textAnswer(status, reason, headersOf(status)));
  }

  #redirect({ server, params }: Elsewhere, about: LogFields): void {
    const { path, query } = this.#request;
    const own = query === "" ? "" : `${query}&`;
    const location = new URL(`${server}${encodedPath(path)}?${own}${params}`).href;
    this.#connection.log.debug("redirected", { addr: formatHostPort(this.remote), ...about, to: server });
    // Not cached, as the next request may be answered differently.
    const headers = { location, "cache-control": "no-store" };
    this.respond(textAnswer(302, `this stream is at ${server}`, headers));
  }

  stream(answer: HttpStreamAnswer, owner: HttpBodyOwner): HttpBody {
    const { context, client, transport } = this.#connection;
    const { framing } = this;
    const now = context.clock.now();
    if (this.gone) {
      context.clock.soon(() => owner.gone(undefined));
      return new LiveBody(transport, framing, owner, now, () => undefined);
    }
    this.#checkOpen();
    this.#state = "over";
    transport.send(this.#streamHead(answer));
    const body = new LiveBody(transport, framing, owner, now, () => this.#connection.ended());
    this.#connection.streams(body);
    this.#log(framing === "websocket" ? 101 : 200, undefined);
    const header = (name: string) => this.#request.header(name);
    const pageUrl = header("referer") ?? header("origin") ?? "";
    client.introduction = { url: this.#url, software: header("user-agent") ?? "", pageUrl };
    client.connected();
    return body;
  }

  /** The transport has room again. */
  drained(): void {
    this.#sender?.resume();
  }

  /** Answers 503, as the connection ends; nothing if an answer has begun. */
  stop(reason: string): void {
    if (this.#state !== "open") return;
    this.respond(textAnswer(503, reason, headersOf(503)));
    this.#leave();
  }

  /** The client is gone. */
  closed(): void {
    this.#sender?.cancel();
    if (this.#state === "open") this.#leave();
    this.gone = true;
    this.#state = "over";
  }

  #leave(): void {
    this.gone = true;
    const { onGone } = this;
    this.onGone = undefined;
    onGone?.();
  }

  #checkOpen(): void {
    if (this.#state !== "open") throw new Error(`${this.#request.path} is answered twice`);
  }

  get #keepAlive(): boolean {
    return this.#request.keepAlive && this.#connection.keepsAlive;
  }

  #head({ status, headers, end }: Prepared): Uint8Array {
    const { minorVersion } = this.#request;
    const kind = { body: end, minorVersion, keepAlive: this.#keepAlive };
    return writeHead(this.#connection.context, { status, headers, ...kind });
  }

  #streamHead({ type, headers }: HttpStreamAnswer): Uint8Array {
    const { webSocketKey, minorVersion } = this.#request;
    const { context } = this.#connection;
    const common = { minorVersion, keepAlive: false };
    if (webSocketKey !== undefined) {
      const upgrade = upgradeHeaders(webSocketKey, (bytes) => createHash("sha1").update(bytes).digest());
      return writeHead(context, { ...common, status: 101, headers: { ...upgrade, ...headers }, body: "none" });
    }
    const all = { "content-type": type, "cache-control": "no-store", ...headers };
    const body = minorVersion === 0 ? "close" : "chunked";
    return writeHead(context, { ...common, status: 200, headers: all, body });
  }

  #send(head: Uint8Array, { status, body, part }: Prepared): void {
    const { transport } = this.#connection;
    const size = part.end - part.start;
    this.#log(status, body === undefined ? 0 : size);
    if (body === undefined || size === 0) {
      transport.send(head);
      if (body !== undefined && !(body instanceof Uint8Array)) body.close();
      this.#finish(this.#keepAlive);
    } else if (body instanceof Uint8Array) {
      const bytes = size === body.length ? body : body.subarray(part.start, part.end);
      if (size <= JOINED_BYTES) transport.send(joined(head, bytes));
      else {
        transport.send(head);
        transport.send(bytes);
      }
      this.#finish(this.#keepAlive);
    } else {
      transport.send(head);
      this.#sender = new FileSender(body, part, transport, (problem) => this.#fileSent(problem));
      this.#sender.resume();
    }
  }

  #fileSent(problem: unknown): void {
    if (problem === undefined) {
      this.#finish(this.#keepAlive);
      return;
    }
    const { log, transport } = this.#connection;
    log.warn("a file could not be sent to its end", { path: this.#request.path, error: String(problem) });
    // The client must not take a part for the whole.
    transport.abort();
  }

  #finish(keepAlive: boolean): void {
    if (this.gone) return;
    this.#state = "over";
    this.#connection.answered(keepAlive);
  }

  /** Logs one line for each request at the debug level. */
  #log(status: number, bytes: number | undefined): void {
    const { method, path } = this.#request;
    this.#connection.log.debug("request", { addr: formatHostPort(this.remote), method, path, status, bytes });
  }

  get #url(): string {
    const { secure, webSocket, host, target } = this.#request;
    const scheme = `${webSocket ? "ws" : "http"}${secure ? "s" : ""}`;
    return target.startsWith("/") ? `${scheme}://${host}${target}` : target;
  }
}
