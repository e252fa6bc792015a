// Hot: onData runs for each piece that each player of the load generator receives.
import type { AmfValue } from "../amf/value.ts";
import type { HostPort } from "../base/address.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Dial, Transport, TransportHandler } from "../base/transport.ts";
import { type ClientEvents, ClientSession, type ClientTarget } from "../rtmp/client-session.ts";
import type { EpochCommandArguments } from "../rtmp/connect.ts";
import type { RandomFill } from "../rtmp/handshake-digest.ts";
import type { RtmpLimits } from "../rtmp/limits.ts";
import type { MediaHandler } from "../rtmp/net-stream.ts";
import type { ConnectionFailure, ConnectionStage } from "./connection-failure.ts";
import type { HandshakeChoice } from "./handshake-choice.ts";
import type { Redirect } from "./redirects.ts";

/** Shared by all connections of a server to others. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly random: RandomFill;
  readonly limits: RtmpLimits;
  /** Sent in connect's optional arguments. */
  readonly identity?: Readonly<Record<string, AmfValue>>;
}

/** The destination of a connection, and the client's role there. */
export interface ConnectionTarget extends ClientTarget, HostPort {
  /** Whether the server is reached over TLS. */
  readonly tls: boolean;
  /** As in `DialTarget`. */
  readonly publicOnly?: boolean | undefined;
}

/** How a connection is made. */
export interface ConnectionOptions {
  /** Outgoing chunk size, bytes. */
  readonly chunkSize: number;
  /** The most time for dialling, ms. */
  readonly connectTimeoutMs: number;
  /** The longest time from the open connection to `ready`, ms; unlimited by default. */
  readonly dialogueTimeoutMs?: number;
  /** The handshake that the server accepts. Without it there is one attempt, with a digest. */
  readonly handshake?: HandshakeChoice | undefined;
  /** Receives the media of a playing connection. */
  readonly media?: MediaHandler | undefined;
}

/** Callbacks of a connection's owner, never called within the constructor. After the owner has ended it, only `closed` is called. */
export interface ConnectionEvents extends Pick<ClientEvents, "hops" | "epoch" | "age" | "pong" | "asking" | "ended"> {
  /** The server has answered our handshake, so it is alive, whatever it answers next. */
  answered?(): void;
  /** Bytes have arrived; they are processed after this call. */
  received?(bytes: number): void;
  /** The server lets us publish or play on this message stream; 0 for the role `connect`. */
  ready(transport: Transport, streamId: number): void;
  /** The server refused. The owner ends the connection. */
  refused(code: string, description: string, redirect: Redirect | undefined): void;
  /** All queued bytes are sent. */
  drained?(): void;
  /** The connection has failed, not by the owner's doing. The owner ends it. */
  failed(failure: ConnectionFailure): void;
  /** The connection is closed, by either side; called once. `failed` follows when the owner had not ended it. */
  closed?(): void;
}

/*
 * dialling ──open──> handshake ──answered──> (the session's dialogue) ──ready──> running
 *    ^                   │
 *    └──closed, once: with the other handshake
 */
/**
 * Hosts an RTMP client session: dials, performs handshake and dialogue, and closes. A server that closes during one handshake
 * is dialled again with the other, at once.
 */
export class ClientConnection implements TransportHandler, ClientEvents {
  readonly #context: ConnectionContext;
  readonly #target: ConnectionTarget;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  #session: ClientSession;
  /** Whether this handshake has no digest. */
  #simple: boolean;
  #dialling: { abort(): void };
  #transport: Transport | undefined;
  #dialogue: Timer | undefined;
  /** The other handshake has been tried. */
  #retried = false;
  #answered = false;
  /** The owner has ended the connection, or was notified of its failure. */
  #over = false;
  /** Bytes sent on the connection that was closed in its handshake. */
  #sentBefore = 0;
  bytesReceived = 0;

  constructor(
    context: ConnectionContext,
    target: ConnectionTarget,
    options: ConnectionOptions,
    events: ConnectionEvents,
  ) {
    this.#context = context;
    this.#target = target;
    this.#options = options;
    this.#events = events;
    this.#simple = options.handshake?.simple ?? false;
    this.#session = this.#newSession();
    this.#dialling = this.#dial();
  }

  /** The RTMP session; the second connection, with the other handshake, has a new one. */
  get session(): ClientSession {
    return this.#session;
  }

  /** How far the connection has come. */
  get stage(): ConnectionStage {
    return this.#transport === undefined ? "dialling" : this.#session.state;
  }

  get bytesSent(): number {
    return this.#sentBefore + (this.#transport?.bytesSent ?? 0);
  }

  get heldBytes(): number {
    return this.#session.bufferedBytes;
  }

  /** Ends it once queued bytes are sent. */
  close(): void {
    this.#leave("close");
  }

  /** Ends it at once with a reset. */
  abort(): void {
    this.#leave("abort");
  }

  /** Ends it at once; the kernel repeats the end of the connection until the server's machine acknowledges it. */
  abandon(): void {
    this.#leave("abandon");
  }

  #leave(how: "close" | "abort" | "abandon"): void {
    this.#end();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport[how]();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    const { dialogueTimeoutMs } = this.#options;
    if (dialogueTimeoutMs !== undefined)
      this.#dialogue = this.#context.clock.after(dialogueTimeoutMs, () =>
        this.#fail("silent", `no answer to ${this.stage} within ${dialogueTimeoutMs / 1000} s`),
      );
    this.#session.start();
  }

  onData(bytes: Uint8Array): void {
    if (this.#over) return;
    this.bytesReceived += bytes.length;
    this.#events.received?.(bytes.length);
    try {
      this.#session.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail("protocol", error.message);
    }
    if (this.#answered || this.#session.state === "handshake" || this.#over) return;
    this.#answered = true;
    this.#options.handshake?.answered(this.#simple);
    this.#events.answered?.();
  }

  onDrain(): void {
    this.#events.drained?.();
  }

  onClose(reason: string | undefined): void {
    this.#dialogue?.cancel();
    if (!this.#over && this.stage === "handshake" && this.#takesOtherHandshake()) return;
    this.#events.closed?.();
    this.#fail("closed", reason);
  }

  ready(streamId: number): void {
    if (this.#over || this.#transport === undefined) return;
    this.#dialogue?.cancel();
    this.#events.ready(this.#transport, streamId);
  }

  refused(code: string, description: string, url?: string): void {
    if (this.#over) return;
    const by = { protocol: this.#target.tls ? "rtmps" : "rtmp", ip: this.#transport?.ip ?? "" } as const;
    this.#events.refused(code, description, url === undefined ? undefined : { url, by });
  }

  hops(hops: readonly string[]): void {
    if (!this.#over) this.#events.hops?.(hops);
  }

  epoch(...args: EpochCommandArguments): void {
    if (!this.#over) this.#events.epoch?.(...args);
  }

  age(ms: number | undefined): void {
    if (!this.#over) this.#events.age?.(ms);
  }

  pong(): void {
    if (!this.#over) this.#events.pong?.();
  }

  asking(): void {
    if (!this.#over) this.#events.asking?.();
  }

  ended(code: string, description: string): void {
    if (!this.#over) this.#events.ended(code, description);
  }

  #newSession(): ClientSession {
    const { clock, limits, random, identity = {} } = this.#context;
    const session = new ClientSession(this.#target, this, {
      limits,
      send: (bytes) => this.#transport?.send(bytes),
      now: () => clock.now(),
      random,
      chunkSize: this.#options.chunkSize,
      simpleHandshake: this.#simple,
      identity,
    });
    session.media = this.#options.media;
    return session;
  }

  #dial(): { abort(): void } {
    const { host, port, tls, publicOnly } = this.#target;
    return this.#context.dial({ host, port, tls, publicOnly, timeoutMs: this.#options.connectTimeoutMs }, this);
  }

  /** The server closed during our handshake: dials again with the other handshake, once. Returns whether it dials. */
  #takesOtherHandshake(): boolean {
    const { handshake } = this.#options;
    if (handshake === undefined) return false;
    handshake.closedOn(this.#simple);
    if (this.#retried) return false;
    this.#retried = true;
    this.#simple = !this.#simple;
    this.#sentBefore = this.bytesSent;
    this.#transport = undefined;
    this.#session = this.#newSession();
    this.#dialling = this.#dial();
    return true;
  }

  #fail(cause: ConnectionFailure["cause"], reason: string | undefined): void {
    if (this.#over) return;
    const { stage } = this;
    this.#end();
    this.#events.failed({ cause, stage, reason });
  }

  /** No callback follows except `closed`. */
  #end(): void {
    this.#over = true;
    this.#dialogue?.cancel();
    this.#session.close();
  }
}
