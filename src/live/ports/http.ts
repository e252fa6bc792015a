import type { HostPort } from "../../base/address.ts";
import type { LogFields } from "../../base/log.ts";
import type { Transport } from "../../base/transport.ts";
import type { BodyFraming } from "../../http/framing.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { ClientRecord } from "./clients.ts";
import type { Refused } from "./entry.ts";

/** A body of which not all is in memory. It belongs to who sends it, who closes it in any case. */
export interface HttpFile {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `at` on: `length` of them, fewer only where the file has become shorter. Rejects when it can't be read. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/** A whole answer. */
export interface HttpAnswer {
  readonly status: number;
  /** Content-Type. */
  readonly type?: string;
  /** Further headers, by name in lower case. What others say stands in them percent-encoded, if at all. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With its quotes, and unlike that of any other body of the address: conditional requests are answered by it. */
  readonly etag?: string;
  /** Unix ms. */
  readonly lastModifiedMs?: number;
  /** Kept by reference and never changed. Left out for HEAD where the body has no known length. */
  readonly body?: Uint8Array | HttpFile;
  /** The same body in codings that some clients take. */
  readonly encodings?: { readonly gzip?: Uint8Array };
  /** Called once, when nobody needs the body any more: all of it has left, or the client is gone. */
  done?(): void;
}

/** The head of an answer without a known end. A WebSocket's handshake has no type. */
export interface HttpStreamAnswer {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal, and the fields of its line in the log. */
export interface LoggedRefusal {
  readonly refused: Refused;
  readonly about: LogFields;
}

/** Who sends a body without a known end. */
export interface HttpBodyOwner {
  /** The transport has room again, as for a reader's sink. */
  drained(): void;
  /** The client is gone, is sent away, or the server stops: nothing may be sent any more. Called at most once, and not after `end`. */
  gone(reason: string | undefined): void;
}

/** A body without a known end. */
export interface HttpBody {
  /** Takes bytes that are framed already; it counts them as the client's. Only `send` and what tells its state is for the owner. */
  readonly transport: Transport;
  readonly framing: BodyFraming;
  /** Ends the body as its framing has it, and the connection. `reason` is for WebSocket clients. */
  end(reason?: string): void;
}

/**
 * One request's way to its answer: one of `respond`, `refuse`, `stream` and `pass` is called, once, at once or later. When the
 * client is gone they have no effect.
 */
export interface HttpExchange {
  readonly remote: HostPort;
  /** The connection's client: what it publishes or plays is registered here. */
  readonly client: ClientRecord;
  /** That of a body without a known end. */
  readonly framing: BodyFraming;
  /** Nobody waits for an answer any more. */
  readonly gone: boolean;
  /** Called when the client goes before it is answered. */
  onGone: (() => void) | undefined;
  /** Sends a whole answer. HEAD, CORS, conditional requests, ranges, codings and keep-alive are the server's work. */
  respond(answer: HttpAnswer): void;
  /** Answers with the status of the refusal's kind and its reason as one line of text; counts and logs it with `about`. */
  refuse(refused: Refused, about?: LogFields): void;
  /**
   * Begins a body without a known end, in answer to GET: HEAD is answered by `respond`. The client has connected then, as an RTMP
   * client has: `client.began` may follow.
   */
  stream(answer: HttpStreamAnswer, owner: HttpBodyOwner): HttpBody;
  /**
   * There is nothing at the address after all, or nothing yet: the next route is asked. Where none has anything, `otherwise` is the answer,
   * or a function that goes on with the request.
   */
  pass(otherwise?: LoggedRefusal | (() => void)): void;
}

/** Answers requests of some addresses. */
export interface HttpRoute {
  /** False: the address is not its own, and the next route is asked. True: it answers now or later, by the exchange. */
  handle(request: HttpRequest, exchange: HttpExchange): boolean;
}

/** Schemes of the servers that a client may be sent to: browsers take nothing without TLS into a page with TLS. */
export function redirectSchemes({ secure }: Pick<HttpRequest, "secure">): readonly string[] {
  return secure ? ["https"] : ["http", "https"];
}
