import type { AmfValue } from "../amf/value.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { messageOf, ProtocolError } from "../base/errors.ts";
import type { Dial, Transport, TransportHandler } from "../base/transport.ts";
import type { Sink } from "../live/readers/format.ts";
import type { Reader } from "../live/readers/reader.ts";
import type { Stream } from "../live/stream.ts";
import { type ClientEvents, ClientSession, type ClientTarget } from "../rtmp/client-session.ts";
import type { RtmpFormat, RtmpFormats } from "../rtmp/format.ts";
import type { RandomFill } from "../rtmp/handshake-digest.ts";
import type { RtmpLimits } from "../rtmp/limits.ts";
import { Delivery } from "./delivery.ts";
import type { Redirect } from "./redirects.ts";
import type { Attempt, AttemptReport, Failure } from "./supervisor.ts";

const CONNECT_TIMEOUT_MS = 5000;
/** From the open connection to `Publish.Start`. */
const DIALOGUE_TIMEOUT_MS = 10_000;
/** How often a running push looks at what its target has taken. */
const LOOK_MS = 1000;
/** When the stream ends, a slow target has this long to take the last of it. */
const FAREWELL_MS = 5000;

/** What all pushing relays of a server share. */
export interface PushContext {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly random: RandomFill;
  readonly formats: RtmpFormats;
  readonly limits: RtmpLimits;
  readonly identity: Readonly<Record<string, AmfValue>>;
  /** Outgoing chunk size, bytes; may change, for attempts to come. */
  readonly chunkSize: number;
}

/** Where one push goes. */
export interface PushTarget extends ClientTarget {
  readonly host: string;
  readonly port: number;
  /** Whether it is reached over TLS. */
  readonly tls: boolean;
  /** As for dialling. */
  readonly publicOnly?: boolean | undefined;
}

/** How a push tells what becomes of it. */
export interface PushReport extends AttemptReport {
  /** The server has answered our handshake. */
  answered?(): void;
}

/** Totals of one push. */
export interface PushTotals {
  bytes: number;
  /** Packets that the target was too slow for. */
  dropped: number;
}

/** Takes nothing until it has somewhere to send to. */
class KeptSink implements Sink {
  bytesQueued = 1;
  #transport: Transport | undefined;

  open(transport: Transport): void {
    this.bytesQueued = 0;
    this.#transport = transport;
  }

  send(bytes: Uint8Array): boolean {
    return this.#transport?.send(bytes) ?? false;
  }
}

/** One attempt to publish a stream at another server: dial, handshake, FMLE's dialogue, then a reader like any other. */
export class Push implements Attempt, TransportHandler, ClientEvents {
  readonly #context: PushContext;
  readonly #chunkSize: number;
  #stream: Stream | undefined;
  /** The message stream on which the target takes us. */
  #streamId: number | undefined;
  readonly #report: PushReport;
  readonly #session: ClientSession;
  readonly #dialling: { abort(): void };
  readonly #protocol: "rtmp" | "rtmps";
  #transport: Transport | undefined;
  #reader: Reader | undefined;
  #dialogue: Timer | undefined;
  #looking: Timer | undefined;
  #delivery: Delivery | undefined;
  /** Whether the target has answered a ping before the stream ran. */
  #answersPings = false;
  #farewell: Timer | undefined;
  #over = false;
  /** Neither dialling nor connected any more. */
  #closed = false;
  #gone: (() => void) | undefined;
  /** The stream has ended before the target took it: what is left of it is kept, and sent when the target does. */
  #kept: KeptSink | undefined;
  /** The server's words when it refused us. */
  refusal: { readonly description: string; readonly redirect: Redirect | undefined } | undefined;
  /** The server has answered our handshake: it is there, whatever it says of the stream. */
  answered = false;
  /** Whether the server closed before it answered the handshake: it may want another one. */
  handshakeRefused = false;

  constructor(
    context: PushContext,
    target: PushTarget,
    stream: Stream | undefined,
    simpleHandshake: boolean,
    report: PushReport,
  ) {
    this.#context = context;
    this.#chunkSize = context.chunkSize;
    this.#stream = stream;
    this.#report = report;
    this.#session = new ClientSession(target, this, {
      limits: context.limits,
      send: (bytes) => this.#transport?.send(bytes),
      now: () => context.clock.now(),
      random: context.random,
      chunkSize: this.#chunkSize,
      simpleHandshake,
      identity: context.identity,
    });
    const { host, port, tls, publicOnly } = target;
    this.#protocol = tls ? "rtmps" : "rtmp";
    this.#dialling = context.dial({ host, port, tls, publicOnly, timeoutMs: CONNECT_TIMEOUT_MS }, this);
  }

  get heldBytes(): number {
    return this.#session.bufferedBytes;
  }

  get totals(): PushTotals {
    return { bytes: this.#transport?.bytesSent ?? 0, dropped: this.#reader?.lost ?? 0 };
  }

  /** The stream comes over other servers now. */
  announceHops(): void {
    this.#session.announceHops();
  }

  /** How far the target is behind the stream, ms. */
  get lagMs(): number {
    return this.#delivery?.lagMs(this.#context.clock.now(), this.#behindMs) ?? 0;
  }

  abort(): void {
    this.#finish();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.abort();
  }

  /** Leaves a target that has failed. It must hear of the end, or it keeps the name: a reset may get lost with its network. */
  #giveUp(): void {
    this.#finish();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.abandon();
  }

  /** The publisher vanished: the target gets what is under way and finds out by itself. `gone` is called once it is gone. */
  hangUp(gone: () => void): void {
    if (this.#closed) {
      this.#finish();
      gone();
      return;
    }
    this.#gone = gone;
    this.#hangUp();
  }

  #hangUp(): void {
    this.#finish();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.close();
  }

  /**
   * The stream has ended at its publisher's word: the target gets the rest of it and is told so, then `gone` is called.
   * False when there is nobody to tell.
   */
  unpublish(gone: () => void): boolean {
    if (this.#reader === undefined || this.#over) return false;
    this.#gone = gone;
    // The reader's owner is told of the end after the last packets; a target that doesn't take them isn't waited for long.
    this.#farewell ??= this.#context.clock.after(FAREWELL_MS, () => this.#giveUp());
    return true;
  }

  /**
   * The stream has ended before the dialogue has: its last packets are kept, and sent when the target takes them. It is told of
   * the end if the publisher was `unpublished`; `gone` is called at the end. False when nothing is left, or nobody to send it to.
   */
  sendLast(unpublished: boolean, gone: () => void): boolean {
    if (this.#reader !== undefined || this.#stream === undefined || this.#over) return false;
    const sink = new KeptSink();
    const end = () => (unpublished ? this.#unpublish() : this.#hangUp());
    const reader = this.#stream.join(this.#format(1), sink, { unpublished: end });
    if (reader.state !== "lagging") {
      this.#stream.leave(reader);
      return false;
    }
    this.#kept = sink;
    this.#reader = reader;
    this.#gone = gone;
    this.#farewell = this.#context.clock.after(FAREWELL_MS, () => this.abort());
    return true;
  }

  /** Whether the target has been sent any of the stream. */
  get delivered(): boolean {
    return (this.#reader?.bytes ?? 0) > 0;
  }

  /** The stream goes on and the target is to get it no longer: it is told so, then `gone` is called. False when there is nobody to tell. */
  withdraw(gone: () => void): boolean {
    if (this.#streamId === undefined || this.#over) return false;
    this.#gone = gone;
    this.#unpublish();
    return true;
  }

  /**
   * After `unpublish` or `hangUp`, the stream begins again: a target that still hasn't taken the last of it must not keep
   * the name.
   */
  abortClose(): void {
    this.abort();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#dialogue = this.#context.clock.after(DIALOGUE_TIMEOUT_MS, () =>
      this.#fail(`no answer to ${this.#session.state} within ${DIALOGUE_TIMEOUT_MS / 1000} s`, "lost"),
    );
    this.#session.start();
  }

  onData(bytes: Uint8Array): void {
    try {
      this.#session.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(`protocol error: ${messageOf(error)}`, "lost");
    }
    if (this.#over || this.answered || this.#session.state === "handshake") return;
    this.answered = true;
    this.#report.answered?.();
  }

  onDrain(): void {
    this.#reader?.drained();
    if (this.#kept !== undefined) this.#endKept();
  }

  onClose(reason: string | undefined): void {
    this.#closed = true;
    this.#farewell?.cancel();
    this.#gone?.();
    this.#gone = undefined;
    this.handshakeRefused = this.#transport !== undefined && this.#session.state === "handshake";
    const during = this.#session.state === "running" ? "" : ` during ${this.#session.state}`;
    this.#fail(reason ?? `the target closed the connection${this.#transport === undefined ? "" : during}`, "lost");
  }

  ready(streamId: number): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    this.#dialogue?.cancel();
    const { clock } = this.#context;
    this.#delivery = new Delivery(transport, this.#answersPings, clock.now(), (time) => this.#session.ping(time));
    this.#looking = clock.every(LOOK_MS, () => this.#look());
    this.#streamId = streamId;
    this.#report.running(this.#session.server);
    this.#join();
  }

  /** What the target is asked to take, when that was not known at first. */
  carry(stream: Stream): void {
    this.#stream = stream;
    this.#join();
  }

  #join(): void {
    const transport = this.#transport;
    const streamId = this.#streamId;
    if (this.#over || this.#stream === undefined || transport === undefined || streamId === undefined) return;
    if (this.#kept === undefined || this.#reader === undefined) {
      this.#reader = this.#stream.join(this.#format(streamId), transport, { unpublished: () => this.#unpublish() });
      return;
    }
    this.#stream.reformat(this.#reader, this.#format(streamId));
    this.#kept.open(transport);
    this.#reader.drained();
    this.#endKept();
  }

  #format(messageStreamId: number): RtmpFormat {
    const { formats } = this.#context;
    return formats.get({ chunkSize: this.#chunkSize, messageStreamId, audio: true, video: true, publishing: true });
  }

  /** The target has all that was kept: of a publisher that vanished, nobody says so. */
  #endKept(): void {
    if (this.#reader?.state === "current" && !this.#over) this.#hangUp();
  }

  refused(code: string, description: string, url?: string): void {
    const by = { protocol: this.#protocol, ip: this.#transport?.ip ?? "" };
    this.refusal = { description, redirect: url === undefined ? undefined : { url, by } };
    this.#fail(`refused: ${description || "no reason given"} (${code})`, "refused");
  }

  ended(code: string, description: string): void {
    this.#fail(`ended by the target: ${description || "no reason given"} (${code})`, "lost");
  }

  pong(): void {
    this.#answersPings = true;
    this.#delivery?.pong(this.#context.clock.now());
  }

  #unpublish(): void {
    this.#session.unpublish();
    this.#finish();
    this.#transport?.close();
  }

  #look(): void {
    const problem = this.#delivery?.look(this.#context.clock.now(), this.#behindMs);
    if (problem !== undefined) this.#fail(`the target ${problem}`, "lost");
  }

  /** How far what is handed to the transport is behind the stream. */
  get #behindMs(): number {
    return this.#reader === undefined ? 0 : (this.#stream?.lagMs(this.#reader) ?? 0);
  }

  #fail(error: string, how: Failure): void {
    if (this.#over) return;
    this.#giveUp();
    this.#report.failed(error, how);
  }

  #finish(): void {
    this.#over = true;
    this.#dialogue?.cancel();
    this.#looking?.cancel();
    this.#session.close();
    if (this.#reader !== undefined) this.#stream?.leave(this.#reader);
  }
}
