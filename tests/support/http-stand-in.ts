import { createHash } from "node:crypto";
import type { Transport, TransportHandler } from "../../src/base/transport.ts";
import { type BodyFraming, framed, framedEnd } from "../../src/http/framing.ts";
import { acceptKey } from "../../src/http/websocket-handshake.ts";
import type { MemoryNetwork } from "./memory-network.ts";

/** A body that goes on. */
export interface LiveBody {
  write(bytes: Uint8Array): void;
  end(reason?: string): void;
}

/** What a stand-in gives for a request. */
export interface StandInAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Instead of a body: its framing is the one that was asked for. */
  readonly live?: (body: LiveBody) => void;
  /** The connection is closed behind it. */
  readonly close?: boolean;
}

const NOTHING: StandInAnswer = { status: 404, body: "there is nothing at this address\n" };

type Respond = (head: string) => StandInAnswer | undefined;

/** An HTTP server in memory, on port 80. It answers requests by their path, and not at all where that gives undefined. */
export class HttpStandIn {
  /** `PATH` of each request, in order. */
  readonly asked: string[] = [];
  connections = 0;
  /** Answers what has no route. */
  otherwise: (path: string) => StandInAnswer | undefined = () => NOTHING;
  readonly #routes = new Map<string, Respond>();

  constructor(network: MemoryNetwork) {
    network.listen({ host: "::", port: 80 }, () => {
      this.connections++;
      return new StandInConnection((path, head) => {
        this.asked.push(path);
        const route = this.#routes.get(path);
        return route === undefined ? this.otherwise(path) : route(head);
      });
    });
  }

  route(path: string, respond: Respond): void {
    this.#routes.set(path, respond);
  }
}

class StandInConnection implements TransportHandler {
  readonly #respond: (path: string, head: string) => StandInAnswer | undefined;
  #transport: Transport | undefined;
  #head = "";
  /** Another protocol is spoken. */
  #switched = false;

  constructor(respond: (path: string, head: string) => StandInAnswer | undefined) {
    this.#respond = respond;
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
  }

  onDrain(): void {}

  onClose(): void {
    this.#transport = undefined;
  }

  onData(bytes: Uint8Array): void {
    if (this.#switched) return;
    this.#head += new TextDecoder("latin1").decode(bytes);
    while (this.#head.includes("\r\n\r\n")) {
      const end = this.#head.indexOf("\r\n\r\n") + 4;
      const head = this.#head.slice(0, end);
      this.#head = this.#head.slice(end);
      const answer = this.#respond(/^GET (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? "", head);
      if (answer !== undefined) this.#answer(answer, head);
    }
  }

  #answer({ status = 200, headers = {}, body = "", live, close = false }: StandInAnswer, head: string): void {
    const key = /^sec-websocket-key: (\S+)/im.exec(head)?.[1];
    if (live !== undefined) {
      const framing = key === undefined ? "chunked" : "websocket";
      this.#switched = key !== undefined;
      if (key === undefined) this.#write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      else this.#write(switching(key, headers));
      live(this.#body(framing));
      return;
    }
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const lines = Object.entries({ ...headers, "content-length": bytes.length }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    this.#write(`HTTP/1.1 ${status} X\r\n${lines.join("\r\n")}\r\n\r\n`);
    if (status !== 304) this.#transport?.send(bytes);
    if (close) this.#transport?.close();
  }

  #body(framing: BodyFraming): LiveBody {
    return {
      write: (bytes) => this.#transport?.send(framed(framing, bytes)),
      end: (reason) => this.#transport?.send(framedEnd(framing, reason)),
    };
  }

  #write(text: string): void {
    this.#transport?.send(new TextEncoder().encode(text));
  }
}

function switching(key: string, headers: Readonly<Record<string, string>>): string {
  const accept = acceptKey(key, (bytes) => createHash("sha1").update(bytes).digest());
  const all = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-accept": accept, ...headers };
  return `HTTP/1.1 101 X\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;
}
