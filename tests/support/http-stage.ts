import type { HostPort } from "../../src/base/address.ts";
import type { Transport, TransportHandler } from "../../src/base/transport.ts";
import { forViewers } from "../../src/features/http/context.ts";
import { HttpServer } from "../../src/features/http/server.ts";
import type { HttpRequest } from "../../src/http/request.ts";
import { Clients } from "../../src/live/ports/clients.ts";
import { ConnectionServers } from "../../src/live/ports/connection-servers.ts";
import { ConnectionAccount } from "../../src/live/ports/connections.ts";
import type { HttpExchange, HttpRoute } from "../../src/live/ports/http.ts";
import { Refusals } from "../../src/live/ports/refusals.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSink } from "./fake-sink.ts";
import { RecordingLog } from "./recording-log.ts";

/** An HTTP server whose connections end in the test's hands, on a fake clock. */
export class HttpStage {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly clients = new Clients(this.clock);
  readonly refusals = new Refusals(this.clock, this.log);
  readonly connections: ConnectionServers;
  /** What routes were asked, in order. */
  readonly asked: string[] = [];
  /** Of each address; a test may add more before its first request. */
  readonly limits = { requests: Number.POSITIVE_INFINITY };
  #requests = 0;

  /** `answers`: what becomes of a request for a path; others are of the next route. */
  constructor(
    answers: Readonly<Record<string, (exchange: HttpExchange, request: HttpRequest) => void>> = {},
    more: readonly HttpRoute[] = [],
    maxConnections = 100,
  ) {
    const route: HttpRoute = {
      handle: (request, exchange) => {
        this.asked.push(`${request.method} ${request.path}`);
        const answer = answers[request.path];
        answer?.(exchange, request);
        return answer !== undefined;
      },
    };
    const account = new ConnectionAccount({
      maxConnections,
      limiter: {
        acquire: () => undefined,
        release: () => undefined,
        countRequest: () =>
          ++this.#requests > this.limits.requests
            ? { rule: "max_requests_per_minute", reason: "too often" }
            : undefined,
      },
    });
    const { clock, log, refusals, clients } = this;
    const server = new HttpServer({
      ...forViewers,
      ...{ clock, log, refusals, clients, account },
      routes: [route, ...more],
      software: "srs/test",
      rtmpPort: () => 1935,
      stage: () => this.connections.stage,
    });
    this.connections = new ConnectionServers({ clock, log, refusals, account, servers: [server] });
    this.connections.start();
  }

  /** A client's new connection. */
  dial(secure = false): HttpEnd {
    const end = new HttpEnd(this.clock, secure);
    end.open(this.connections.accept("http", end.remote));
    return end;
  }
}

/** A client's end of an HTTP connection, and the server's transport to it. */
export class HttpEnd implements Transport {
  readonly remote: HostPort;
  readonly ip: string;
  readonly secure: boolean;
  readonly sink = new FakeSink();
  readonly bytesUnacknowledged = 0;
  readonly readPaused = false;
  /** `closing`: the server has said all it had to say. */
  state: "open" | "closing" | "closed" | "aborted" = "open";
  readonly #clock: FakeClock;
  #handler: TransportHandler | undefined;
  #heard = "";

  constructor(clock: FakeClock, secure: boolean, host = "10.0.0.9") {
    this.remote = { host, port: 40000 };
    this.ip = host;
    this.#clock = clock;
    this.secure = secure;
    this.sink.take = (bytes) => {
      // One character a byte.
      this.#heard += Buffer.from(bytes).toString("latin1");
    };
    this.sink.onDrain = () => this.#handler?.onDrain();
  }

  open(handler: TransportHandler | undefined): void {
    this.#handler = handler;
    handler?.onOpen(this);
  }

  get bytesSent(): number {
    return this.sink.bytes;
  }

  get bytesQueued(): number {
    return this.sink.queued;
  }

  /** Bytes that the server keeps of what was said. */
  get heldBytes(): number {
    return this.#handler?.heldBytes ?? 0;
  }

  mergeReads(): void {}

  inputChanged(): void {}

  send(bytes: Uint8Array): boolean {
    return this.state === "open" && this.sink.send(bytes);
  }

  close(): void {
    if (this.state === "open") this.state = "closing";
  }

  abort(): void {
    this.#end("aborted", undefined);
  }

  abandon(): void {
    this.#end("closed", undefined);
  }

  /** The client ends its side, and goes on reading; whether the server has something to say yet. */
  endSide(): boolean {
    return this.#handler?.onPeerEnd?.() ?? false;
  }

  /** The client goes away. */
  hangUp(reason?: string): void {
    this.#end("closed", reason);
  }

  /** Sends text, one byte a character, or bytes; ends the turn; all that the server has said since the last look. */
  say(...parts: readonly (string | Uint8Array)[]): string {
    for (const part of parts) {
      const bytes = typeof part === "string" ? Uint8Array.from(Buffer.from(part, "latin1")) : part.slice();
      this.#handler?.onData(bytes);
    }
    return this.hear();
  }

  /** Sends a request of HTTP/1.1 with these header lines. */
  get(path: string, ...headers: readonly string[]): string {
    return this.say(request(path, ...headers));
  }

  /** Ends the turn; all that the server has said since the last look. */
  hear(): string {
    this.#clock.settle();
    const heard = this.#heard;
    this.#heard = "";
    return heard;
  }

  #end(state: "closed" | "aborted", reason: string | undefined): void {
    if (this.#handler === undefined) return;
    this.state = state;
    const handler = this.#handler;
    this.#handler = undefined;
    handler.onClose(reason);
  }
}

/** A GET request of HTTP/1.1. */
export function request(path: string, ...headers: readonly string[]): string {
  return `${[`GET ${path} HTTP/1.1`, "Host: live.example", ...headers].join("\r\n")}\r\n\r\n`;
}

/** The status line's number and the body of a whole answer, and the values of these headers. */
export function brief(answer: string, ...names: readonly string[]): string[] {
  const [head = "", ...bodies] = answer.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const values = names.map((name) => {
    const field = fields.find((one) => one.toLowerCase().startsWith(`${name}: `));
    return field === undefined ? "-" : field.slice(name.length + 2);
  });
  return [line.split(" ")[1] ?? "", ...values, bodies.join("\r\n\r\n")];
}
