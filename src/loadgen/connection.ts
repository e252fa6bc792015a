// Hot: onData runs for each piece that each player receives.
import { formatHostPort } from "../base/address.ts";
import type { Timer } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Transport, TransportHandler } from "../base/transport.ts";
import { Delivery } from "../relay/delivery.ts";
import { type ClientEvents, ClientSession } from "../rtmp/client-session.ts";
import type { MediaHandler } from "../rtmp/net-stream.ts";
import type { BenchContext } from "./context.ts";
import type { Group } from "./group.ts";
import type { BenchTarget } from "./url.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** From the open connection to the server's yes. */
const DIALOGUE_TIMEOUT_MS = 10_000;
/** Outgoing, bytes; what encoders use. */
export const CHUNK_SIZE = 4096;

/** Who a connection is for. */
export interface ConnectionOwner {
  /** The server lets us publish or play on this message stream. */
  admitted(transport: Transport, streamId: number): void;
  /** What was sent has left. */
  drained(): void;
  /** The stream has ended; the connection stays. */
  ended(reason: string): void;
}

/** One client of the bench: dials, goes through the dialogue, and says in its group what became of it. */
export class Connection implements TransportHandler, ClientEvents {
  readonly #context: BenchContext;
  readonly #group: Group;
  readonly #owner: ConnectionOwner;
  readonly #session: ClientSession;
  readonly #beganMs: number;
  #askedMs = 0;
  readonly #dialling: { abort(): void };
  readonly #role: "publish" | "play";
  readonly #server: string;
  #transport: Transport | undefined;
  #dialogue: Timer | undefined;
  /** Of one that publishes. */
  #delivery: Delivery | undefined;
  #answersPings = false;
  #state: "connecting" | "running" | "over" = "connecting";
  /** Bytes received. */
  received = 0;

  constructor(context: BenchContext, group: Group, target: BenchTarget, owner: ConnectionOwner, media?: MediaHandler) {
    this.#context = context;
    this.#group = group;
    this.#owner = owner;
    this.#role = media === undefined ? "publish" : "play";
    this.#server = formatHostPort(target.address);
    this.#beganMs = context.clock.now();
    this.#session = new ClientSession({ role: this.#role, ...target.names, hops: [] }, this, {
      limits: context.limits,
      send: (bytes) => {
        if (this.#askedMs === 0 && this.#session.state === "starting") this.#askedMs = context.clock.now();
        this.#transport?.send(bytes);
      },
      now: () => context.clock.now(),
      random: context.random,
      chunkSize: CHUNK_SIZE,
      simpleHandshake: false,
      identity: {},
    });
    this.#session.media = media;
    group.tried++;
    group.connecting++;
    group.open++;
    this.#dialling = context.dial({ ...target.address, timeoutMs: CONNECT_TIMEOUT_MS }, this);
  }

  /** When it was begun; monotonic ms. */
  get beganMs(): number {
    return this.#beganMs;
  }

  /** When it sent its publish or play; monotonic ms, 0 before. */
  get askedMs(): number {
    return this.#askedMs;
  }

  get running(): boolean {
    return this.#state === "running";
  }

  /** Bytes sent. */
  get sent(): number {
    return this.#transport?.bytesSent ?? 0;
  }

  /** Called about once a second for one that publishes: it fails when the server takes nothing any more. */
  look(): void {
    const problem = this.running ? this.#delivery?.look(this.#context.clock.now(), 0) : undefined;
    if (problem !== undefined) this.fail(`the server ${problem}`);
  }

  pong(): void {
    this.#answersPings = true;
    this.#delivery?.pong(this.#context.clock.now());
  }

  /** Ends it as a client does that has had enough; it has not failed. */
  close(): void {
    if (this.#state === "running") this.#session.unpublish();
    this.#leave();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.close();
  }

  /** It did not do what it was to do, for this reason. */
  fail(reason: string): void {
    if (this.#state === "over") return;
    this.#leave();
    this.#group.count(reason);
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.abort();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#dialogue = this.#context.clock.after(DIALOGUE_TIMEOUT_MS, () =>
      this.fail(`the server has not answered ${this.#session.state} within ${DIALOGUE_TIMEOUT_MS / 1000} s`),
    );
    this.#session.start();
  }

  onData(bytes: Uint8Array): void {
    if (this.#state === "over") return;
    this.#group.arrivedMs = this.#context.clock.now();
    this.#group.received += bytes.length;
    this.received += bytes.length;
    try {
      this.#session.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(`protocol error: ${error.message}`);
    }
  }

  onDrain(): void {
    this.#owner.drained();
  }

  onClose(reason: string | undefined): void {
    this.#group.open--;
    if (this.#transport === undefined) {
      this.fail(`${this.#server}: ${reason ?? "no connection"}`);
      return;
    }
    const during = this.#state === "running" ? `while ${this.#role}ing` : `during ${this.#session.state}`;
    this.fail(`${reason ?? "the server closed the connection"} ${during}`);
  }

  ready(streamId: number): void {
    if (this.#transport === undefined || this.#state !== "connecting") return;
    this.#dialogue?.cancel();
    this.#state = "running";
    this.#group.connecting--;
    this.#group.running++;
    this.#group.admitted++;
    this.#group.admission.record((this.#group.arrivedMs - this.#beganMs) * 1000);
    if (this.#role === "publish") {
      const ping = (time: number) => this.#session.ping(time);
      this.#delivery = new Delivery(this.#transport, this.#answersPings, this.#context.clock.now(), ping);
    }
    this.#owner.admitted(this.#transport, streamId);
  }

  refused(code: string, description: string): void {
    this.fail(`refused: ${description || "no reason given"} (${code})`);
  }

  ended(code: string, description: string): void {
    const reason = `ended by the server: ${description || "no reason given"} (${code})`;
    if (this.#session.state === "running") this.#owner.ended(reason);
    else this.fail(reason);
  }

  #leave(): void {
    if (this.#state === "running") this.#group.running--;
    else if (this.#state === "connecting") this.#group.connecting--;
    this.#state = "over";
    this.#dialogue?.cancel();
    this.#session.close();
  }
}
