import { formatHostPort } from "../../base/address.ts";
import type { Log, LogFields } from "../../base/log.ts";
import { joined } from "../../base/memory.ts";
import type { Transport } from "../../base/transport.ts";
import { BodyReader, continueAnswer } from "../../http/body-reader.ts";
import { RequestHeadReader } from "../../http/head-reader.ts";
import { type HeadRefusal, wrongProtocol } from "../../http/refusal.ts";
import { isContentRequest, type RequestHead } from "../../http/request.ts";
import { textResponse } from "../../http/text-response.ts";
import type { AcceptedConnection, ClientRecord } from "../../live/ports/clients.ts";
import type { ServedConnection } from "../../live/ports/connection-servers.ts";
import type { ConnectionEnds } from "../../live/ports/connections.ts";
import { writeHead } from "./answer.ts";
import type { HttpContext } from "./context.ts";
import { Exchange, type ExchangeConnection } from "./exchange.ts";
import type { LiveBody } from "./live-body.ts";
import { headersOf } from "./statuses.ts";

/** A request, with its head and body, must be complete within this time after its first byte. */
const HEAD_MS = 10_000;
/** A connection without a request is closed after this time. */
const IDLE_MS = 15_000;
/** An answer must begin within this time after the client has ended its side. */
const ENDED_MS = 2000;
/** Maximum bytes that a client may send after a request, before the answer to it has left. */
const MAX_AHEAD_BYTES = 64 * 1024;
/** Maximum requests of one client that are answered in a row, before other connections have their turn. */
const MAX_IN_A_TURN = 16;
const METHODS = "GET, HEAD, OPTIONS";
/** Headers of the answer to a CORS preflight (OPTIONS). */
const preflightHeaders = {
  allow: METHODS,
  "access-control-allow-methods": METHODS,
  "access-control-allow-headers": "*",
  "access-control-max-age": "86400",
};
const none = new Uint8Array(0);

/*
 * reading ──a head──> answering ──its answer has left──> reading …
 *    │                    └──stream──> streaming ──the body ends──> closing
 *    └──a bad head, a time that is over, Connection: close──> closing
 */
/** One client's HTTP connection. Each request is answered before the next one is read. */
export class HttpConnection implements ServedConnection, AcceptedConnection, ExchangeConnection {
  readonly publishing = 0;
  readonly publishes = false;
  readonly context: HttpContext;
  readonly log: Log;
  readonly #id: string;
  readonly #ends: ConnectionEnds;
  /** Made at the first byte, when it is known whether the connection has TLS. */
  #reader: RequestHeadReader | undefined;
  #state: "reading" | "answering" | "streaming" | "closing" = "reading";
  #exchange: Exchange | undefined;
  #body: LiveBody | undefined;
  /** Bytes received after the request that is being answered. */
  #ahead: Uint8Array = none;
  /** Whether `#read` is running: an answer given within that call must not begin another read. */
  #isReading = false;
  /** Reads the body of the current request; undefined if none is expected. */
  #bodyReader: BodyReader | undefined;
  /** When the incomplete request began to arrive, monotonic ms; undefined between requests. */
  #headSince: number | undefined;
  #idleSince: number;
  #requests = 0;
  /** When the client has ended its side, monotonic ms. */
  #endedAt: number | undefined;
  /** Called when the last answer has left. */
  #unsent: (() => void) | undefined;
  bytesReceived = 0;
  #client: ClientRecord | undefined;
  #transport: Transport | undefined;

  constructor(context: HttpContext, id: string, ends: ConnectionEnds) {
    this.context = context;
    this.#id = id;
    this.log = context.log.with(id);
    this.#ends = ends;
    this.#idleSince = context.clock.now();
  }

  get client(): ClientRecord {
    if (this.#client === undefined) throw new Error("a connection that is not open has no client");
    return this.#client;
  }

  get transport(): Transport {
    if (this.#transport === undefined) throw new Error("a connection that is not open has no transport");
    return this.#transport;
  }

  get bytesSent(): number {
    return this.#transport?.bytesSent ?? 0;
  }

  get heldBytes(): number {
    return (
      (this.#reader?.heldBytes ?? 0) +
      (this.#bodyReader?.heldBytes ?? 0) +
      this.#ahead.length +
      (this.#body?.heldBytes ?? 0)
    );
  }

  get keepsAlive(): boolean {
    const isLast = this.#endedAt !== undefined && this.#ahead.length === 0;
    return !isLast && this.#state !== "closing" && this.context.stage() !== "draining";
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#client = this.context.clients.add(
      { id: this.#id, protocol: this.context.protocol, remote: transport.remote },
      this,
    );
  }

  onData(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    switch (this.#state) {
      case "reading":
        this.#read(bytes);
        break;
      case "answering":
        this.#keep(bytes);
        break;
      case "streaming":
        this.#giveAhead();
        this.#body?.received(bytes);
        break;
      case "closing":
        break;
    }
  }

  whenSent(done: () => void): void {
    if (this.#transport?.bytesQueued === 0) done();
    else this.#unsent = done;
  }

  onDrain(): void {
    this.#sent();
    if (this.#body !== undefined) this.#body.drained();
    else if (this.#exchange !== undefined) this.#exchange.drained();
    else if (this.#state === "answering") this.#readOn();
  }

  /** A client may end its side after a request, as `printf … | nc` does: the request is answered, if the answer begins soon. */
  onPeerEnd(): boolean {
    if (this.#state === "closing") return this.transport.bytesQueued > 0;
    if (this.#state !== "answering" || this.context.account.crowded) return false;
    this.#ends.hungUp();
    this.#endedAt = this.context.clock.now();
    return true;
  }

  onHangUp(): void {
    this.#ends.hungUp();
  }

  onCut(reason: string): void {
    this.#count("input_memory", { error: reason });
  }

  onClose(reason: string | undefined): void {
    this.#sent();
    this.#state = "closing";
    this.#ahead = none;
    const [body, exchange] = [this.#body, this.#exchange];
    this.#body = undefined;
    this.#exchange = undefined;
    body?.closed(reason);
    exchange?.closed();
    this.#client?.disconnected(reason);
    this.#ends.gone();
  }

  #sent(): void {
    const done = this.#unsent;
    this.#unsent = undefined;
    done?.();
  }

  tick(now: number): void {
    if (this.#state === "streaming") this.#body?.tick(now);
    if (this.#state === "answering") this.#tickEnded(now);
    if (this.#state !== "reading") return;
    if (this.#headSince !== undefined && now - this.#headSince >= HEAD_MS) {
      const reason = `no whole request within ${HEAD_MS / 1000} s`;
      this.#turnAway("request_timeout", { status: 408, reason });
    } else if (this.#headSince === undefined && now - this.#idleSince >= IDLE_MS) {
      this.#state = "closing";
      // A client that made no request may not have completed the TLS handshake either.
      if (this.#requests > 0) this.transport.close();
      else this.transport.abort();
    }
  }

  /** A client that is gone looks the same, so it gets no late answer. An answer that has begun continues while the client reads it. */
  #tickEnded(now: number): void {
    if (this.#endedAt === undefined || now - this.#endedAt < ENDED_MS) return;
    if (this.#exchange?.waits === true) this.transport.abort();
  }

  /** Nothing to do: routes read the configuration, a connection does not. */
  reconfigure(): void {}

  kick(reason: string): void {
    // Deferred, as an observer may kick the client within any call of this connection.
    this.context.clock.soon(() => {
      if (this.#state === "closing") return;
      this.#count("kicked", { error: reason });
      this.#leave(reason);
    });
  }

  shutdown(): void {
    if (this.#state !== "closing") this.#leave("the server stops");
  }

  answered(keepAlive: boolean): void {
    this.#exchange = undefined;
    if (!keepAlive) this.#close();
    else if (!this.#isReading && this.transport.bytesQueued === 0) this.#readOn();
  }

  streams(body: LiveBody): void {
    this.#exchange = undefined;
    this.#body = body;
    this.#state = "streaming";
    // Later, not within the call that begins the body.
    if (this.#ahead.length > 0) this.context.clock.soon(() => this.#giveAhead());
  }

  /** Gives the body what came while its answer was not known. */
  #giveAhead(): void {
    const ahead = this.#ahead;
    this.#ahead = none;
    if (ahead.length === 0) return;
    this.#body?.received(ahead);
    this.transport.inputChanged();
  }

  ended(): void {
    this.#body = undefined;
    this.#close();
  }

  #leave(reason: string): void {
    const [body, exchange] = [this.#body, this.#exchange];
    this.#body = undefined;
    body?.leave(reason);
    exchange?.stop(reason);
    this.#close();
  }

  #close(): void {
    this.#state = "closing";
    this.#ahead = none;
    this.transport.close();
  }

  /** Reads requests, and answers each before it reads the next. */
  #read(bytes: Uint8Array): void {
    this.#reader ??= new RequestHeadReader(this.transport.secure, this.context.maxBodyBytes);
    this.#isReading = true;
    let at = 0;
    for (let count = 0; at < bytes.length && this.#state === "reading"; count++) {
      if (count === MAX_IN_A_TURN) {
        this.#state = "answering";
        this.context.clock.soon(() => {
          const isFree = this.#exchange === undefined && this.transport.bytesQueued === 0;
          if (this.#state === "answering" && isFree) this.#readOn();
        });
        break;
      }
      if (this.#bodyReader !== undefined) {
        at = this.#readBody(this.#bodyReader, bytes, at);
        continue;
      }
      const result = this.#reader.push(bytes, at);
      if (result.kind === "more") {
        this.#headSince ??= this.context.clock.now();
        break;
      }
      if (result.kind === "refused") this.#turnAway("protocol", this.#explained(result.refusal));
      else {
        at = result.end;
        this.#takeHead(result.head);
      }
    }
    this.#isReading = false;
    if (at < bytes.length) this.#rest(bytes.subarray(at));
  }

  #takeHead(head: RequestHead): void {
    if (head.bodyBytes === 0) {
      this.#headSince = undefined;
      this.#answer(head);
      return;
    }
    this.#headSince ??= this.context.clock.now();
    this.#bodyReader = new BodyReader(head);
    if (this.#bodyReader.waitsForContinue) this.transport.send(continueAnswer);
  }

  /** Reads a part of the body; returns where the body ends in `bytes`, or their end. */
  #readBody(reader: BodyReader, bytes: Uint8Array, from: number): number {
    const end = reader.push(bytes, from);
    if (!reader.whole) return end;
    this.#bodyReader = undefined;
    this.#headSince = undefined;
    this.#answer(reader.request);
    return end;
  }

  #rest(bytes: Uint8Array): void {
    if (this.#state === "answering") this.#keep(bytes);
    else if (this.#state === "streaming") this.#body?.received(bytes);
  }

  /** Reads the next request, as the last answer has left. */
  #readOn(): void {
    this.#state = "reading";
    this.#idleSince = this.context.clock.now();
    const ahead = this.#ahead;
    this.#ahead = none;
    if (ahead.length > 0) this.#read(ahead);
    if (this.#state === "reading" && this.#endedAt !== undefined) this.#close();
    this.transport.inputChanged();
  }

  #keep(bytes: Uint8Array): void {
    if (this.#ahead.length + bytes.length > MAX_AHEAD_BYTES) {
      this.#count("protocol", { error: `more than ${MAX_AHEAD_BYTES} bytes of requests ahead of an answer` });
      this.transport.abort();
      return;
    }
    this.#ahead = this.#ahead.length === 0 ? bytes : joined(this.#ahead, bytes);
  }

  #answer(head: RequestHead): void {
    this.#state = "answering";
    this.#requests++;
    const limit = this.context.account.countRequest(this.transport.remote.host);
    if (limit !== undefined) this.#turnAway(limit.rule, { status: 429, reason: limit.reason });
    else if (isContentRequest(head)) {
      const exchange = new Exchange(this, head);
      this.#exchange = exchange;
      exchange.pass();
    } else this.#answerOptions(head);
    // If the answer has left already, the next request is read.
    const isOver = this.#state === "answering" && this.#exchange === undefined;
    if (isOver && this.transport.bytesQueued === 0) {
      this.#state = "reading";
      this.#idleSince = this.context.clock.now();
    }
  }

  #answerOptions({ minorVersion, keepAlive }: RequestHead): void {
    const keep = keepAlive && this.keepsAlive;
    this.transport.send(
      writeHead(this.context, {
        status: 204,
        headers: "access-control-allow-origin" in this.context.headers ? preflightHeaders : {},
        body: "none",
        minorVersion,
        keepAlive: keep,
      }),
    );
    if (!keep) this.#close();
  }

  #explained(refusal: HeadRefusal): HeadRefusal {
    const { spoken } = refusal;
    if (spoken === undefined) return refusal;
    return { ...refusal, reason: wrongProtocol(spoken, spoken === "rtmp" ? this.context.rtmpPort() : undefined) };
  }

  /** Answers with one line of text and closes, as the bytes that follow may be a body, or are not wanted. */
  #turnAway(rule: string, { status, reason, headers }: HeadRefusal): void {
    this.#count(rule, { error: reason, status });
    const { software: server, clock, headers: common } = this.context;
    const all = { server, ...common, ...headersOf(status), ...headers };
    this.transport.send(textResponse(status, reason, clock.wall(), all));
    this.#close();
  }

  #count(rule: string, more: LogFields): void {
    const addr = this.#transport === undefined ? "" : formatHostPort(this.#transport.remote);
    this.context.refusals.add({ rule, log: this.log, message: "connection closed", fields: { addr, ...more } });
  }
}
