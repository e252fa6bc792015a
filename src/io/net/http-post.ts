import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf, ProtocolError } from "../../base/errors.ts";
import type { HttpContent, HttpHandler, HttpOptions, HttpPost, HttpRequest } from "../../base/http.ts";
import { joined } from "../../base/memory.ts";
import type { Dial, Transport, TransportHandler } from "../../base/transport.ts";
import { dialTarget, requestHead } from "./http-request.ts";
import { HttpResponseReader, type ResponseEvents, type ResponseHead } from "./http-response.ts";

/** An idle connection is kept for this long, less than servers keep theirs: a server could close it as the next request is sent. */
const IDLE_MS = 1000;
/** Idle connections to one server. */
const MAX_IDLE = 64;

/** A request, as bytes, and its destination. */
interface Question {
  readonly url: URL;
  readonly bytes: Uint8Array;
  readonly options: HttpOptions | undefined;
}

/** Sends requests with a body on connections of `dial`, by the same rules of trust. Connections are reused. */
export function createHttpPost(userAgent: string, dial: Dial, clock: Clock): HttpPost {
  const pool = new Pool(dial, clock);
  return (text, content, handler, options) => {
    const url = URL.parse(text);
    if (url !== null)
      return new PostRequest(pool, { url, bytes: written(url, userAgent, content, options), options }, handler);
    const failing = setImmediate(() => handler.onEnd("no HTTP server can be asked for this URL"));
    return { ip: "", abort: () => clearImmediate(failing) };
  };
}

function written(url: URL, userAgent: string, { type, bytes }: HttpContent, options?: HttpOptions): Uint8Array {
  const lines = [`Content-Type: ${type}`, `Content-Length: ${bytes.length}`];
  return joined(requestHead("POST", url, userAgent, lines, options), bytes);
}

/** Connections without a request, by server. */
class Pool {
  readonly #dial: Dial;
  readonly #clock: Clock;
  /** In the order of their last use. */
  readonly #idle = new Map<string, PooledConnection[]>();

  constructor(dial: Dial, clock: Clock) {
    this.#dial = dial;
    this.#clock = clock;
  }

  /** An open connection that has been used before. */
  take({ origin }: URL): PooledConnection | undefined {
    const idle = this.#idle.get(origin);
    const connection = idle?.pop();
    if (idle?.length === 0) this.#idle.delete(origin);
    connection?.taken();
    return connection;
  }

  open({ url, options }: Question): PooledConnection {
    return new PooledConnection(this, url, options, this.#dial);
  }

  /** Keeps a connection that has answered. Returns the timer that closes it, or undefined when enough are kept. */
  keep(connection: PooledConnection, { origin }: URL): Timer | undefined {
    const idle = this.#idle.get(origin) ?? [];
    if (idle.length >= MAX_IDLE) return undefined;
    this.#idle.set(origin, idle);
    idle.push(connection);
    return this.#clock.after(IDLE_MS, () => connection.abort());
  }

  remove(connection: PooledConnection, { origin }: URL): void {
    const left = this.#idle.get(origin)?.filter((other) => other !== connection) ?? [];
    if (left.length > 0) this.#idle.set(origin, left);
    else this.#idle.delete(origin);
  }
}

/*
 * dialling ──open──> asked ──answered whole, to be kept──> idle ──taken──> asked
 *                      └──anything else──> over             └──a second, a byte, a close──> over
 */
/** A connection to a server, with one request at a time. */
class PooledConnection implements TransportHandler {
  readonly #pool: Pool;
  readonly #url: URL;
  readonly #dialling: { abort(): void };
  #transport: Transport | undefined;
  #request: PostRequest | undefined;
  #expiry: Timer | undefined;

  constructor(pool: Pool, url: URL, options: HttpOptions | undefined, dial: Dial) {
    this.#pool = pool;
    this.#url = url;
    this.#dialling = dial(dialTarget(url, options), this);
  }

  get ip(): string {
    return this.#transport?.ip ?? "";
  }

  /** Sends a request, at once or when the connection is open. */
  ask(request: PostRequest): void {
    this.#request = request;
    this.#transport?.send(request.bytes);
  }

  /** The connection is no longer idle. */
  taken(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
  }

  /** The request is answered whole: the connection becomes idle. */
  keep(): void {
    this.#request = undefined;
    this.#expiry = this.#pool.keep(this, this.#url);
    if (this.#expiry === undefined) this.abort();
  }

  abort(): void {
    this.#request = undefined;
    this.#leave();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.abort();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    if (this.#request === undefined) transport.abort();
    else transport.send(this.#request.bytes);
  }

  onData(bytes: Uint8Array): void {
    if (this.#request === undefined) this.abort();
    else this.#request.receive(bytes);
  }

  onDrain(): void {}

  onClose(reason: string | undefined): void {
    this.#leave();
    const request = this.#request;
    this.#request = undefined;
    request?.closed(reason);
  }

  #leave(): void {
    if (this.#expiry === undefined) return;
    this.taken();
    this.#pool.remove(this, this.#url);
  }
}

/** One request, on a connection that was used before or on a fresh one. */
class PostRequest implements HttpRequest, ResponseEvents {
  readonly bytes: Uint8Array;
  readonly #handler: HttpHandler;
  readonly #reader: HttpResponseReader;
  #connection: PooledConnection;
  /** Opens another connection, when the server has closed the idle one before it got the request. */
  #again: (() => PooledConnection) | undefined;
  #keeps = false;
  #isWhole = false;
  #isOver = false;

  constructor(pool: Pool, question: Question, handler: HttpHandler) {
    this.bytes = question.bytes;
    this.#handler = handler;
    this.#reader = new HttpResponseReader(this);
    const idle = pool.take(question.url);
    if (idle !== undefined) this.#again = () => pool.open(question);
    this.#connection = idle ?? pool.open(question);
    this.#connection.ask(this);
  }

  get ip(): string {
    return this.#connection.ip;
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.stop();
    this.#connection.abort();
  }

  /** Bytes of the answer. */
  receive(bytes: Uint8Array): void {
    this.#again = undefined;
    let unread = 0;
    try {
      unread = this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(`protocol error: ${messageOf(error)}`);
    }
    if (!this.#isWhole || this.#isOver) return;
    this.#isOver = true;
    // Bytes after the answer would be taken for the next answer.
    if (this.#keeps && unread === 0) this.#connection.keep();
    else this.#connection.abort();
    this.#handler.onEnd(undefined);
  }

  closed(reason: string | undefined): void {
    const again = this.#again;
    this.#again = undefined;
    if (again !== undefined) {
      this.#connection = again();
      this.#connection.ask(this);
    } else if (reason === undefined && this.#reader.end()) {
      this.#isOver = true;
      this.#handler.onEnd(undefined);
    } else this.#fail(reason ?? "the server closed the connection before its answer was whole");
  }

  onHead({ status, headers }: ResponseHead): void {
    this.#keeps = !/\bclose\b/i.test(headers.get("connection") ?? "");
    this.#handler.onResponse(status, headers.get("location"), headers.get("server") ?? "");
  }

  onBody(bytes: Uint8Array): void {
    if (!this.#isOver) this.#handler.onData(bytes);
  }

  onComplete(): void {
    this.#isWhole = true;
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.abort();
    this.#handler.onEnd(reason);
  }
}
