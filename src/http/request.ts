/** Methods that change something. */
export type ChangeMethod = "POST" | "PUT" | "DELETE";

/** One request, checked and decoded. */
export interface HttpRequest {
  /** Only servers that take bodies accept methods other than GET and HEAD. */
  readonly method: "GET" | "HEAD" | ChangeMethod;
  /** Percent-decoded once, without dot segments and repeated slashes; begins with "/". A slash at its end stays. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** From Host or an absolute target, without port, in lower case, IPv6 in brackets; "" with HTTP/1.0 and an empty Host. */
  readonly host: string;
  /** The value of a header; several of one name are joined by ", ". `name` is in lower case. */
  header(name: string): string | undefined;
  /** Whether the connection has TLS. */
  readonly secure: boolean;
  /** Whether the request is a valid WebSocket handshake. */
  readonly webSocket: boolean;
  /** The body; empty if the server takes none. */
  readonly body: Uint8Array;
}

/** The result of reading a head: a request, with what its connection needs. */
export interface RequestHead extends Omit<HttpRequest, "method"> {
  /** OPTIONS is answered by the connection's owner; its path may be "*". */
  readonly method: HttpRequest["method"] | "OPTIONS";
  /** As sent, for logs. It may contain keys of signed URLs. */
  readonly target: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1;
  /** Whether the connection stays open for another request (RFC 9112, 9.3). */
  readonly keepAlive: boolean;
  /** The key of a WebSocket handshake, for its answer. */
  readonly webSocketKey: string | undefined;
  /** Length of the body that follows the head, within the reader's limit. */
  readonly bodyBytes: number;
}

/** Whether routes may answer the request: all but OPTIONS. */
export function isContentRequest(head: RequestHead): head is RequestHead & HttpRequest {
  return head.method !== "OPTIONS";
}
