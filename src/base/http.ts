/** What an HTTP request tells its owner. `onEnd` comes exactly once, last, unless it is aborted. */
export interface HttpHandler {
  /** The answer has begun. `location` is where a redirect leads, as the server wrote it. */
  onResponse(status: number, location: string | undefined, server: string): void;
  /** The next bytes of the body; the buffer belongs to the receiver. No more are read before it returns. */
  onData(bytes: Uint8Array): void;
  /** `reason` is undefined when the body came to its end. */
  onEnd(reason: string | undefined): void;
}

/** A request that was made. */
export interface HttpRequest {
  /** The IP address of the server that answers; `""` before there is a connection. */
  readonly ip: string;
  /** Hangs up; nothing more is told. */
  abort(): void;
}

/**
 * Asks for a URL, without following redirects, and reads the body as it comes, for as long as it lasts. `publicOnly` as for
 * dialling. A failure ends in `onEnd`, never within the call.
 */
export type HttpGet = (url: string, handler: HttpHandler, options?: { readonly publicOnly?: boolean }) => HttpRequest;
