import type { Clock, Timer } from "../../../../src/base/clock.ts";
import type { HistoryEncoder, Push } from "../history-stage.ts";
import type { DirectClient, DirectEnd, DirectNet, PublishCalls, ServerCalls } from "./net.ts";

const CONNECT_MS = 5000;
/** Maximum time from the open connection to the node's answer, ms. */
const ANSWER_MS = 10_000;
/** What an encoder needs. */
export interface EncoderContext {
  readonly clock: Clock;
  readonly net: DirectNet;
}

/** An encoder: sends key frames to the node that has accepted it last. */
export class DirectEncoder implements HistoryEncoder {
  readonly name: string;
  readonly #context: EncoderContext;
  readonly #id: number;
  #timeMs: number;
  #count = 0;
  #push: DirectPush | undefined;

  constructor(context: EncoderContext, id: number, timeMs: number) {
    this.name = `e${id}`;
    this.#context = context;
    this.#id = id;
    this.#timeMs = timeMs;
  }

  frame(afterMs: number): void {
    this.#timeMs += afterMs;
    this.#push?.frame(this.#timeMs, this.#id, this.#count++);
  }

  publish(node: string, stream: string, running: () => void): Push {
    this.#push = new DirectPush(this.#context, this.name, node, stream, running);
    return this.#push;
  }

  unplug(): void {
    for (const connection of this.#connections()) connection.lose();
  }

  hangUp(): void {
    for (const { dialled, accepted } of [...this.#connections()]) {
      accepted.fail("connection reset by peer");
      dialled.fail(undefined);
    }
  }

  end(): void {
    this.#push = undefined;
  }

  *#connections() {
    for (const connection of this.#context.net.connections) if (connection.from === this.name) yield connection;
  }
}

/** One attempt to publish. */
class DirectPush implements Push, DirectClient, PublishCalls {
  readonly told: string[] = [];
  readonly #clock: Clock;
  readonly #stream: string;
  readonly #running: () => void;
  readonly #dialling: { abort(): void };
  #end: DirectEnd | undefined;
  #server: ServerCalls | undefined;
  #answer: Timer | undefined;
  #isOver = false;

  constructor({ clock, net }: EncoderContext, from: string, node: string, stream: string, running: () => void) {
    this.#clock = clock;
    this.#stream = stream;
    this.#running = running;
    this.#dialling = net.dial(from, undefined, node, CONNECT_MS, this);
  }

  opened(end: DirectEnd, server: ServerCalls): void {
    this.#end = end;
    this.#server = server;
    this.#answer = this.#clock.after(ANSWER_MS, () => this.#fail(`no answer within ${ANSWER_MS / 1000} s`));
    end.send(() => server.publish(this, this.#stream));
  }

  frame(time: number, id: number, count: number): void {
    const server = this.#server;
    if (this.told.length === 1 && server !== undefined) this.#end?.send(() => server.frame(time, id, count));
  }

  stop(): void {
    this.#finish();
  }

  accepted(): void {
    if (this.#isOver) return;
    this.#answer?.cancel();
    this.told.push("running");
    this.#running();
  }

  refused(reason: string): void {
    this.#fail(`refused: ${reason}`);
  }

  ping(): void {
    const server = this.#server;
    if (server !== undefined) this.#end?.send(() => server.pong());
  }

  closed(reason: string | undefined): void {
    this.#fail(reason ?? "the target closed the connection");
  }

  #fail(error: string): void {
    if (this.#isOver) return;
    this.#finish();
    this.told.push(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#answer?.cancel();
    this.#dialling.abort();
    this.#end?.close();
  }
}
