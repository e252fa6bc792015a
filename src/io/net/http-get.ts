import { messageOf, ProtocolError } from "../../base/errors.ts";
import type { HttpGet, HttpHandler, HttpOptions, HttpRequest } from "../../base/http.ts";
import type { Dial, Transport, TransportHandler } from "../../base/transport.ts";
import { dialTarget, requestHead } from "./http-request.ts";
import { HttpResponseReader, type ResponseEvents, type ResponseHead } from "./http-response.ts";

/** Makes requests on connections of `dial`, so that the same rules of trust hold for HTTPS servers. */
export function createHttpGet(userAgent: string, dial: Dial): HttpGet {
  return (text, handler, options = {}) => {
    const url = URL.parse(text);
    if (url !== null) return new Request(url, userAgent, dial, handler, options);
    const failing = setImmediate(() => handler.onEnd("no HTTP server can be asked for this URL"));
    return { ip: "", abort: () => clearImmediate(failing) };
  };
}

/** One request on a connection of its own. */
class Request implements HttpRequest, TransportHandler, ResponseEvents {
  readonly #url: URL;
  readonly #userAgent: string;
  readonly #options: HttpOptions;
  readonly #handler: HttpHandler;
  readonly #reader: HttpResponseReader;
  readonly #dialling: { abort(): void };
  #transport: Transport | undefined;
  #over = false;
  ip = "";

  constructor(url: URL, userAgent: string, dial: Dial, handler: HttpHandler, options: HttpOptions) {
    this.#url = url;
    this.#userAgent = userAgent;
    this.#options = options;
    this.#handler = handler;
    this.#reader = new HttpResponseReader(this);
    this.#dialling = dial(dialTarget(url, options), this);
  }

  get heldBytes(): number {
    return this.#handler.heldBytes ?? 0;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#close();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.ip = transport.ip;
    if (this.#over) {
      transport.abort();
      return;
    }
    // The connection is not reused: it lasts as long as the stream.
    transport.send(requestHead("GET", this.#url, this.#userAgent, ["Connection: close"], this.#options));
    this.#handler.onConnected?.();
  }

  onData(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(`protocol error: ${messageOf(error)}`);
    }
  }

  onDrain(): void {}

  onClose(reason: string | undefined): void {
    if (this.#over) return;
    const whole = reason === undefined && this.#reader.end();
    if (!whole) this.#end(reason ?? "the server closed the connection before its answer was whole");
  }

  onHead({ status, headers }: ResponseHead): void {
    this.#handler.onResponse(status, headers.get("location"), headers.get("server") ?? "");
  }

  onBody(bytes: Uint8Array): void {
    if (!this.#over) this.#handler.onData(bytes);
  }

  onComplete(): void {
    this.#end(undefined);
  }

  #end(reason: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#close();
    this.#handler.onEnd(reason);
  }

  #close(): void {
    this.#reader.stop();
    if (this.#transport === undefined) this.#dialling?.abort();
    else this.#transport.abort();
  }
}
