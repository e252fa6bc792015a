/** Callbacks of an HTTP request. `onEnd` is called exactly once, as the last one, unless the request is aborted. */
export interface HttpHandler {
  /** The connection is open, and the request on its way. */
  onConnected?(): void;
  /** The response head is here. `location` is the redirect's target, as the server wrote it. */
  onResponse(status: number, location: string | undefined, server: string): void;
  /** The next bytes of the body; the buffer belongs to the receiver. The next read waits until this call returns. */
  onData(bytes: Uint8Array): void;
  /** Bytes of the body that it keeps until more have come; by default none. */
  readonly heldBytes?: number;
  /** `reason` is undefined when the whole body was received. */
  onEnd(reason: string | undefined): void;
}

/** A request under way. */
export interface HttpRequest {
  /** The server's IP address; `""` until the connection is open. */
  readonly ip: string;
  /** Closes the connection; no callback is called afterwards. */
  abort(): void;
}

/** How a request is made. */
export interface HttpOptions {
  /** As in `DialTarget`. */
  readonly publicOnly?: boolean;
  /** How long the owner waits for the whole answer, ms: connecting takes no longer. */
  readonly timeoutMs?: number;
  /** Further headers, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Requests a URL, does not follow redirects, and reads the body until it ends. A failure is reported by `onEnd`, never before this
 * call has returned.
 */
export type HttpGet = (url: string, handler: HttpHandler, options?: HttpOptions) => HttpRequest;

/** The body of a request. */
export interface HttpContent {
  /** Its media type. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** As `HttpGet`, but sends a body by POST. */
export type HttpPost = (url: string, content: HttpContent, handler: HttpHandler, options?: HttpOptions) => HttpRequest;
