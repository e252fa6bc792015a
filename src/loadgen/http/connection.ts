// Hot: onData runs for each piece that each player receives.
import { formatHostPort } from "../../base/address.ts";
import type { Timer } from "../../base/clock.ts";
import { messageOf, ProtocolError } from "../../base/errors.ts";
import { freeRead } from "../../base/memory.ts";
import type { Transport, TransportHandler } from "../../base/transport.ts";
import { HttpResponseReader, type ResponseEvents, type ResponseHead } from "../../io/net/http-response.ts";
import type { BenchContext } from "../context.ts";
import type { Group } from "../group.ts";
import type { HttpAddress } from "./target.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** From a request to its answer's head. A server may delay a playlist until there is a segment. */
const ANSWER_TIMEOUT_MS = 20_000;

/** Notifications for a request's owner: the head, parts of the body, and at last `done`. */
export interface AnswerEvents {
  head(head: ResponseHead): void;
  /** The bytes are lent for the call. */
  body(bytes: Uint8Array): void;
  /** The answer is complete, or `problem` says why it is not. */
  done(problem: string | undefined): void;
}

/** A request under way. */
interface Asked {
  readonly bytes: Uint8Array;
  readonly events: AnswerEvents;
  /** Maximum time from the request to its answer's head. */
  readonly timeoutMs: number;
  /** Sent on a connection that was used before, and that the server may have closed at the same moment. */
  reused: boolean;
  sent: boolean;
  /** A part of the answer has arrived. */
  answered: boolean;
}

/*
 * none ──request──> dialling ──> open ──the answer ends it, or breaks the protocol──> closing ──> none
 *                      └───────────┴──────────────closed──────────────────────────────────────────^
 */
/** A client's connection to one HTTP server, kept open for further requests and dialled again when it is closed. */
export class HttpConnection implements TransportHandler, ResponseEvents {
  readonly #context: BenchContext;
  readonly #group: Group;
  readonly address: HttpAddress;
  #state: "none" | "dialling" | "open" | "closing" = "none";
  #dialling: { abort(): void } | undefined;
  #transport: Transport | undefined;
  #asked: Asked | undefined;
  #reader: HttpResponseReader | undefined;
  #timer: Timer | undefined;
  #keepAlive = true;
  #over = false;
  bytesReceived = 0;
  /** When the last request was sent; monotonic ms. */
  askedMs = 0;

  constructor(context: BenchContext, group: Group, address: HttpAddress) {
    this.#context = context;
    this.#group = group;
    this.address = address;
  }

  /**
   * Requests a URL of this server; one request at a time. `headers` are further lines, each with its CR LF; the server may
   * take `waitMs` longer than usual.
   */
  request(url: URL, headers: string, events: AnswerEvents, waitMs = 0): void {
    const { pathname, search, host } = url;
    const lines = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: srs-bench\r\nAccept: */*\r\n`;
    const bytes = new TextEncoder().encode(`${lines}${headers}\r\n`);
    const timeoutMs = ANSWER_TIMEOUT_MS + waitMs;
    this.#asked = { bytes, events, timeoutMs, reused: this.#state === "open", sent: false, answered: false };
    if (this.#state === "none") this.#dial();
    else if (this.#state === "open") this.#send();
  }

  /** Sends bytes of the protocol that was switched to by 101. */
  send(bytes: Uint8Array): void {
    this.#transport?.send(bytes);
  }

  /** Closes the connection once queued bytes are sent; no more notifications follow. */
  close(): void {
    this.#leave("close");
  }

  /** Closes the connection at once; no more notifications follow. */
  abort(): void {
    this.#leave("abort");
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#state = "open";
    if (this.#over) transport.abort();
    else this.#send();
  }

  onData(bytes: Uint8Array): void {
    const asked = this.#asked;
    if (asked === undefined || this.#over) return;
    this.bytesReceived += bytes.length;
    this.#group.arrivedMs = this.#context.clock.now();
    this.#group.received += bytes.length;
    asked.answered = true;
    try {
      this.#reader?.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(`protocol error: ${messageOf(error)}`);
    }
    freeRead(bytes);
  }

  onDrain(): void {}

  onClose(reason: string | undefined): void {
    const was = this.#state;
    this.#state = "none";
    this.#transport = undefined;
    this.#group.open--;
    const asked = this.#asked;
    if (asked === undefined || this.#over) return;
    // The request waited for the old connection to close, or the server closed it before the request arrived.
    if ((was === "closing" && !asked.sent) || (asked.reused && !asked.answered)) {
      asked.reused = false;
      this.#dial();
    } else if (reason !== undefined)
      this.#end(was === "dialling" ? `${formatHostPort(this.address)}: ${reason}` : reason);
    // An answer without a length ends with its connection: `end` completes it.
    else if (this.#reader?.end() !== true) this.#end("the server closed the connection before its answer was whole");
  }

  onHead(head: ResponseHead): void {
    this.#timer?.cancel();
    this.#keepAlive = head.headers.get("connection")?.toLowerCase() !== "close";
    this.#asked?.events.head(head);
  }

  onBody(bytes: Uint8Array): void {
    this.#asked?.events.body(bytes);
  }

  onComplete(): void {
    this.#close(!this.#keepAlive);
    this.#end(undefined);
  }

  #dial(): void {
    this.#state = "dialling";
    this.#group.open++;
    this.#dialling = this.#context.dial({ ...this.address, timeoutMs: CONNECT_TIMEOUT_MS }, this);
  }

  #send(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    asked.sent = true;
    this.#reader = new HttpResponseReader(this);
    this.#timer?.cancel();
    const { timeoutMs } = asked;
    this.#timer = this.#context.clock.after(timeoutMs, () => this.#fail(`no answer within ${timeoutMs / 1000} s`));
    this.askedMs = this.#context.clock.now();
    this.#transport?.send(asked.bytes);
  }

  #fail(problem: string): void {
    this.#close(true);
    this.#end(problem);
  }

  /** Closes the connection, if `wanted`. That is not a failure of the request. */
  #close(wanted: boolean): void {
    if (!wanted || this.#state !== "open") return;
    this.#state = "closing";
    const events = this.#asked;
    this.#asked = undefined;
    this.#transport?.abort();
    this.#asked = events;
  }

  #end(problem: string | undefined): void {
    const events = this.#asked?.events;
    this.#forget();
    if (!this.#over) events?.done(problem);
  }

  #forget(): void {
    this.#timer?.cancel();
    this.#reader?.stop();
    this.#asked = undefined;
  }

  #leave(how: "close" | "abort"): void {
    this.#over = true;
    this.#forget();
    if (this.#state === "dialling") this.#dialling?.abort();
    else this.#transport?.[how]();
  }
}
