import type { HostPort } from "../../base/address.ts";
import type { LogFields } from "../../base/log.ts";
import type { Transport } from "../../base/transport.ts";
import type { BodyFraming } from "../../http/framing.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { ClientRecord } from "./clients.ts";
import type { Refused } from "./entry.ts";

/** A body that is not all in memory. Its sender owns it, and always closes it. */
export interface HttpFile {
  /** Bytes. */
  readonly size: number;
  /** Reads `length` bytes from `at` on, fewer only if the file has become shorter. Rejects if it can't be read. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/** A whole answer. */
export interface HttpAnswer {
  readonly status: number;
  /** Content-Type. */
  readonly type?: string;
  /** Further headers, by name in lower case. Texts from others must be percent-encoded in them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With its quotes, and different for each body of the address, as conditional requests are answered by it. */
  readonly etag?: string;
  /** Unix ms. */
  readonly lastModifiedMs?: number;
  /** Kept by reference and never changed. Left out for HEAD if its length is unknown. */
  readonly body?: Uint8Array | HttpFile;
  /** The same body in codings that some clients take. */
  readonly encodings?: { readonly gzip?: Uint8Array };
  /** Called once, when the body is no longer needed: it is sent, or the client is gone. */
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

/** The sender of a body without a known end. */
export interface HttpBodyOwner {
  /** The transport has room again, as for a reader's sink. */
  drained(): void;
  /** The client is gone or kicked, or the server stops: nothing may be sent any more. Called at most once, and not after `end`. */
  gone(reason: string | undefined): void;
}

/** A body without a known end. */
export interface HttpBody {
  /** Takes bytes that are framed already, and counts them for the client. The owner only uses `send` and reads its state. */
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
  /** How `stream` will frame a body. */
  readonly framing: BodyFraming;
  /** The client is gone: no answer is needed. */
  readonly gone: boolean;
  /** Called when the client goes before it is answered. */
  onGone: (() => void) | undefined;
  /** Sends a whole answer. The server handles HEAD, CORS, conditional requests, ranges, codings and keep-alive. */
  respond(answer: HttpAnswer): void;
  /** Answers with the status of the refusal's kind and its reason as one line of text; counts and logs it with `about`. */
  refuse(refused: Refused, about?: LogFields): void;
  /**
   * Begins a body without a known end, in answer to GET: HEAD is answered by `respond`. The client has connected then, as an RTMP
   * client has: `client.began` may follow.
   */
  stream(answer: HttpStreamAnswer, owner: HttpBodyOwner): HttpBody;
  /**
   * There is nothing at the address after all, or nothing yet: the next route is asked. If no route has anything, `otherwise` is
   * the answer, or a function that continues with the request.
   */
  pass(otherwise?: LoggedRefusal | (() => void)): void;
}

/** Answers requests of some addresses. */
export interface HttpRoute {
  /** False: the address is not its own, and the next route is asked. True: it answers now or later, by the exchange. */
  handle(request: HttpRequest, exchange: HttpExchange): boolean;
}

/** Schemes of the servers that a client may be sent to: browsers load nothing without TLS into a page with TLS. */
export function redirectSchemes({ secure }: Pick<HttpRequest, "secure">): readonly string[] {
  return secure ? ["https"] : ["http", "https"];
}
