// Hot: onData runs for each piece that each player receives.
import { formatHostPort } from "../base/address.ts";
import type { Transport } from "../base/transport.ts";
import { ClientConnection, type ConnectionEvents, type ConnectionTarget } from "../relay/client-connection.ts";
import { type ConnectionFailure, failureText, statusText } from "../relay/connection-failure.ts";
import { Delivery } from "../relay/delivery.ts";
import { type Redirect, Redirects } from "../relay/redirects.ts";
import type { MediaHandler } from "../rtmp/net-stream.ts";
import type { BenchContext } from "./context.ts";
import type { Group } from "./group.ts";
import type { GroupMember } from "./group-member.ts";
import type { RtmpTarget } from "./url.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** From the open connection to the server's acceptance. */
const DIALOGUE_TIMEOUT_MS = 10_000;
/** Chunk size of sent messages, bytes, as encoders use it. */
export const CHUNK_SIZE = 4096;

/** The publisher or player that a connection belongs to. */
export interface ConnectionOwner {
  /** The server has admitted the client to publish or play on this message stream. */
  admitted(transport: Transport, streamId: number): void;
  /** All sent bytes have left. */
  drained(): void;
  /** The stream has ended; the connection stays. */
  ended(reason: string): void;
}

/** One RTMP client of the bench, which reports its outcome to its group. */
export class Connection implements ConnectionEvents {
  readonly #context: BenchContext;
  readonly #group: Group;
  readonly #member: GroupMember;
  readonly #owner: ConnectionOwner;
  #connection: ClientConnection;
  readonly #media: MediaHandler | undefined;
  readonly #redirects = new Redirects();
  /** Bytes of earlier connections, before redirects. */
  #before = { sent: 0, received: 0 };
  readonly #beganMs: number;
  #askedMs = 0;
  readonly #role: "publish" | "play";
  readonly #server: string;
  /** Watches whether the server accepts what is published; undefined for players. */
  #delivery: Delivery | undefined;
  #answersPings = false;

  constructor(
    context: BenchContext,
    member: GroupMember,
    target: RtmpTarget,
    owner: ConnectionOwner,
    media?: MediaHandler,
  ) {
    this.#context = context;
    this.#group = member.group;
    this.#owner = owner;
    this.#role = media === undefined ? "publish" : "play";
    this.#server = formatHostPort(target.address);
    this.#beganMs = context.clock.now();
    this.#member = member;
    this.#media = media;
    this.#connection = this.#open({ ...target.address, ...target.names });
  }

  #open(target: Omit<ConnectionTarget, "role" | "hops">): ClientConnection {
    this.#group.open++;
    return new ClientConnection(
      this.#context,
      { ...target, role: this.#role, hops: [], follows: true },
      {
        chunkSize: CHUNK_SIZE,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        dialogueTimeoutMs: DIALOGUE_TIMEOUT_MS,
        media: this.#media,
      },
      this,
    );
  }

  /** When the client was started; monotonic ms. */
  get beganMs(): number {
    return this.#beganMs;
  }

  /** When the client sent its publish or play; monotonic ms, 0 before. */
  get askedMs(): number {
    return this.#askedMs;
  }

  get running(): boolean {
    return this.#member.running;
  }

  get bytesSent(): number {
    return this.#before.sent + this.#connection.bytesSent;
  }

  get bytesReceived(): number {
    return this.#before.received + this.#connection.bytesReceived;
  }

  /** Called about once a second for a publisher: it fails if the server no longer accepts anything. */
  look(): void {
    const problem = this.running ? this.#delivery?.look(this.#context.clock.now(), 0) : undefined;
    if (problem !== undefined) this.fail(`the server ${problem}`);
  }

  pong(): void {
    this.#answersPings = true;
    this.#delivery?.pong(this.#context.clock.now());
  }

  /** Closes the connection, which is not a failure. */
  close(): void {
    if (this.running) this.#connection.session.unpublish();
    this.#member.leave();
    this.#connection.close();
  }

  /** The client has failed: counts the reason and closes the connection. */
  fail(reason: string): void {
    if (this.#member.fail(reason)) this.#connection.abort();
  }

  asking(): void {
    this.#askedMs = this.#context.clock.now();
  }

  received(bytes: number): void {
    this.#group.arrivedMs = this.#context.clock.now();
    this.#group.received += bytes;
  }

  drained(): void {
    this.#owner.drained();
  }

  closed(): void {
    this.#group.open--;
  }

  failed(failure: ConnectionFailure): void {
    const { cause, stage } = failure;
    const text = failureText({ ...failure, stage: "running" }, "the server");
    if (cause !== "closed") this.fail(text);
    else if (stage === "dialling") this.fail(`${this.#server}: ${text}`);
    else this.fail(`${text} ${stage === "running" ? `while ${this.#role}ing` : `during ${stage}`}`);
  }

  ready(transport: Transport, streamId: number): void {
    this.#member.admitted(this.#group.arrivedMs - this.#beganMs);
    if (this.#role === "publish") {
      const ping = (time: number) => this.#connection.session.ping(time);
      this.#delivery = new Delivery(transport, this.#answersPings, this.#context.clock.now(), ping);
    }
    this.#owner.admitted(transport, streamId);
  }

  refused(code: string, description: string, redirect: Redirect | undefined): void {
    const problem = redirect === undefined ? statusText(code, description) : this.#redirects.follow(redirect);
    const to = this.#redirects.take();
    if (problem !== undefined || to === undefined) this.fail(`refused: ${problem}`);
    else {
      this.#before = { sent: this.bytesSent, received: this.bytesReceived };
      this.#connection.close();
      // `publicOnly` is for servers that can't trust the server that redirects them.
      this.#connection = this.#open({ ...to, publicOnly: false });
    }
  }

  ended(code: string, description: string): void {
    const reason = `ended by the server: ${statusText(code, description)}`;
    if (this.#connection.stage === "running") this.#owner.ended(reason);
    else this.fail(reason);
  }
}
