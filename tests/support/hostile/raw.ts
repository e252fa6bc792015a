import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { concat } from "../bytes.ts";
import { Outbox } from "../e2e/socket.ts";
import type { Stage } from "../e2e/stage.ts";
import { until } from "../e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../limits.ts";
import { command } from "./wire.ts";

const KEPT_READS = 64;

/** How a raw connection treats what the server sends. */
export interface RawOptions {
  /** False: nothing is ever read. */
  readonly read?: boolean;
  /** Its own side may end while the server's goes on. */
  readonly halfOpen?: boolean;
}

/** A TCP connection that says whatever bytes a test likes. */
export class Raw {
  received = 0;
  closed = false;
  /** The beginning of what the server sent. */
  readonly head: Uint8Array[] = [];
  readonly #tail: Uint8Array[] = [];
  #socket: Bun.Socket<undefined> | undefined;
  #outbox: Outbox | undefined;

  private constructor() {}

  static async open(stage: Stage, port: number, options: RawOptions = {}): Promise<Raw> {
    const raw = new Raw();
    stage.defer(() => raw.reset());
    const socket = await Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      allowHalfOpen: options.halfOpen ?? false,
      socket: {
        open: (opened) => {
          raw.#outbox = new Outbox(opened);
          if (options.read === false) opened.pause();
        },
        data: (_socket, bytes) => {
          raw.received += bytes.length;
          if (raw.head.length < KEPT_READS) raw.head.push(bytes);
          raw.#tail.push(bytes);
          if (raw.#tail.length > KEPT_READS) raw.#tail.shift();
        },
        drain: () => raw.#outbox?.drain(),
        close: () => {
          raw.closed = true;
        },
        error: () => {},
      },
    });
    raw.#socket = socket;
    return raw;
  }

  /** Opens `count` connections, some at a time. */
  static async many(stage: Stage, port: number, count: number, options: RawOptions = {}): Promise<Raw[]> {
    const all: Raw[] = [];
    while (all.length < count) {
      const some = Array.from({ length: Math.min(100, count - all.length) }, () => Raw.open(stage, port, options));
      all.push(...(await Promise.all(some)));
    }
    return all;
  }

  send(bytes: Uint8Array): void {
    if (!this.closed) this.#outbox?.send(bytes);
  }

  /** Bytes that the server has not taken. */
  get queued(): number {
    return this.#outbox?.queuedBytes ?? 0;
  }

  /** Resolves when all that was sent has left, or the server has closed. */
  async sent(limitMs = WAIT_LIMIT_MS): Promise<void> {
    await until("the server takes all", () => this.closed || this.queued === 0, limitMs);
  }

  /** Waits until a text has come so often in the first that the server sends. */
  async answer(text: string, count = 1): Promise<void> {
    await until(`the server answers ${text}`, () => this.#count(text) >= count);
  }

  /** Waits until a text has come in the first that the server sends, or it has closed. */
  async answerOrEnd(text: string): Promise<void> {
    await until(`the server answers ${text}, or closes`, () => this.closed || this.#count(text) > 0);
  }

  #count(text: string): number {
    return new TextDecoder("latin1").decode(concat(this.head)).split(text).length - 1;
  }

  /** Waits until the server has worked on all that was sent so far, or has closed. Once for each connection. */
  async done(): Promise<void> {
    const id = 99;
    this.send(command(0, "_checkbw", id, null));
    const answer = encodeAmf0(["_result", id]);
    await until(
      "the server works on all",
      () => this.closed || includes(concat(this.#tail), answer),
      2 * WAIT_LIMIT_MS,
    );
  }

  /** Waits until the server has closed. */
  async end(limitMs = WAIT_LIMIT_MS): Promise<void> {
    await until("the server closes the connection", () => this.closed, limitMs);
  }

  read(on: boolean): void {
    if (on) this.#socket?.resume();
    else this.#socket?.pause();
  }

  /** Ends its own side only. */
  halfClose(): void {
    this.#socket?.shutdown();
  }

  /** Ends at once, with a RST. */
  reset(): void {
    this.#socket?.terminate();
  }
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}
