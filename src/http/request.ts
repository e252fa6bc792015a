/** Methods that change something. */
export type ChangeMethod = "POST" | "PUT" | "DELETE";

/** One request, checked and decoded. */
export interface HttpRequest {
  /** The others are for servers that take bodies (`BodyRules`). */
  readonly method: "GET" | "HEAD" | ChangeMethod;
  /** Percent-decoded once, without dot segments and repeated slashes; begins with "/". A slash at its end stays. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Of Host or of an absolute target, without port, in lower case, IPv6 in brackets; "" with HTTP/1.0 and an empty Host. */
  readonly host: string;
  /** The value of a header; several of one name are joined by ", ". `name` is in lower case. */
  header(name: string): string | undefined;
  /** The connection has TLS. */
  readonly secure: boolean;
  /** A valid request to go on with WebSocket. */
  readonly webSocket: boolean;
  /** What came behind the head; empty where the server takes no bodies. */
  readonly body: Uint8Array;
}

/** What the reader makes of a head: a request with what its connection needs to know. */
export interface RequestHead extends Omit<HttpRequest, "method"> {
  /** OPTIONS is answered by the connection's owner; its path may be "*". */
  readonly method: HttpRequest["method"] | "OPTIONS";
  /** As sent, for logs. It may hold keys of signed URLs. */
  readonly target: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1;
  /** Whether the client takes another answer on this connection (RFC 9112, 9.3). */
  readonly keepAlive: boolean;
  /** Of a WebSocket request; the answer is made with it. */
  readonly webSocketKey: string | undefined;
  /** How many bytes of a body follow the head, within what the reader allows. */
  readonly bodyBytes: number;
}

/** Whether the head is a request for content, which routes may answer: all but OPTIONS. */
export function isContentRequest(head: RequestHead): head is RequestHead & HttpRequest {
  return head.method !== "OPTIONS";
}
