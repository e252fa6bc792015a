import type { Timer } from "../base/clock.ts";
import type { Transport } from "../base/transport.ts";
import type { ReaderEvents, Sink } from "../live/readers/format.ts";
import type { Reader } from "../live/readers/reader.ts";
import { ToldAge } from "../live/source/told-age.ts";
import type { Stream } from "../live/stream.ts";
import type { RtmpFormat, RtmpFormats } from "../rtmp/format.ts";
import {
  ClientConnection,
  type ConnectionContext,
  type ConnectionEvents,
  type ConnectionTarget,
} from "./client-connection.ts";
import { type ConnectionFailure, failureText, statusText } from "./connection-failure.ts";
import { Delivery } from "./delivery.ts";
import type { HandshakeChoice } from "./handshake-choice.ts";
import type { Redirect } from "./redirects.ts";
import type { Attempt, AttemptReport, Failure } from "./supervisor.ts";

const CONNECT_TIMEOUT_MS = 5000;
/** From the open connection to `Publish.Start`. */
const DIALOGUE_TIMEOUT_MS = 10_000;
/** How often a running push checks what its target has received. */
const LOOK_MS = 1000;
/** When the stream ends, a slow target may take the last packets for this long. */
const LAST_PACKETS_MS = 5000;

/** Shared by all pushing relays of a server. */
export interface PushContext extends ConnectionContext {
  readonly formats: RtmpFormats;
  /** Outgoing chunk size, bytes; may change for later attempts. */
  readonly chunkSize: number;
}

/** Callbacks for the outcome of a push. */
export interface PushReport extends AttemptReport {
  /** The server has answered our handshake. */
  answered?(): void;
}

/** Totals of one push. */
export interface PushTotals {
  bytes: number;
  /** Packets that the target lost because it was too slow. */
  dropped: number;
}

/** Accepts nothing until the target is ready. */
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

/** One attempt to publish a stream at another server: a connection and, once the target accepts, a reader like any other. */
export class Push implements Attempt, ConnectionEvents {
  readonly #context: PushContext;
  readonly #chunkSize: number;
  #stream: Stream | undefined;
  /** The message stream on which the target accepts us. */
  #streamId: number | undefined;
  readonly #report: PushReport;
  readonly #connection: ClientConnection;
  /** Set once the target accepts us. */
  #transport: Transport | undefined;
  #reader: Reader | undefined;
  #looking: Timer | undefined;
  #delivery: Delivery | undefined;
  readonly #toldAge = new ToldAge();
  /** Whether the target answered a ping before the stream ran. */
  #answersPings = false;
  #lastPacketsTimer: Timer | undefined;
  #over = false;
  /** No longer dialling or connected. */
  #closed = false;
  #gone: (() => void) | undefined;
  /** The stream has ended before the target accepted it: the remaining packets are kept and sent when it does. */
  #kept: KeptSink | undefined;
  /** The server's sentence when it refused us. */
  refusal: { readonly description: string; readonly redirect: Redirect | undefined } | undefined;

  constructor(
    context: PushContext,
    target: ConnectionTarget,
    stream: Stream | undefined,
    handshake: HandshakeChoice,
    report: PushReport,
  ) {
    this.#context = context;
    this.#chunkSize = context.chunkSize;
    this.#stream = stream;
    this.#report = report;
    const options = {
      chunkSize: this.#chunkSize,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      dialogueTimeoutMs: DIALOGUE_TIMEOUT_MS,
      handshake,
    };
    this.#connection = new ClientConnection(context, target, options, this);
  }

  get totals(): PushTotals {
    return { bytes: this.#connection.bytesSent, dropped: this.#reader?.lost ?? 0 };
  }

  /** The stream now comes through other servers. */
  announceHops(): void {
    this.#connection.session.announceHops();
  }

  /** How far the target is behind the stream, ms. */
  get lagMs(): number {
    return this.#delivery?.lagMs(this.#context.clock.now(), this.#behindMs) ?? 0;
  }

  /** Called also after `unpublish` or `closeAfterFlush`, when the stream is published again: a slow target must not keep the name busy. */
  abort(): void {
    this.#finish();
    this.#connection.abort();
  }

  /** Closes the connection to a failed target, without a reset, which may be lost: a target that does not notice keeps the name busy. */
  #giveUp(): void {
    this.#finish();
    this.#connection.abandon();
  }

  /**
   * The publisher vanished: the target gets the queued bytes, and the connection is closed without an end of the stream. `gone` is
   * called once it is closed.
   */
  closeAfterFlush(gone: () => void): void {
    if (this.#closed) {
      this.#finish();
      gone();
      return;
    }
    this.#gone = gone;
    this.#closeAfterFlush();
  }

  #closeAfterFlush(): void {
    this.#finish();
    this.#connection.close();
  }

  /**
   * The publisher has ended the stream: the target gets the remaining packets and is notified, then `gone` is called. False
   * when there is no connection.
   */
  unpublish(gone: () => void): boolean {
    if (this.#reader === undefined || this.#over) return false;
    this.#gone = gone;
    // The reader calls `unpublished` after the last packets; a target that doesn't accept them is given up after a while.
    this.#lastPacketsTimer ??= this.#context.clock.after(LAST_PACKETS_MS, () => this.#giveUp());
    return true;
  }

  /**
   * The stream has ended before the end of the dialogue: its last packets are kept and sent when the target accepts. If the publisher was
   * `unpublished`, the target is notified of the end; `gone` is called last. False when there is nothing to send, or no
   * connection.
   */
  sendLast(unpublished: boolean, gone: () => void): boolean {
    if (this.#reader !== undefined || this.#stream === undefined || this.#over) return false;
    const sink = new KeptSink();
    const end = () => (unpublished ? this.#unpublish() : this.#closeAfterFlush());
    const reader = this.#stream.join(this.#format(1), sink, this.#eventsWith(end));
    if (reader.state !== "lagging") {
      this.#stream.leave(reader);
      return false;
    }
    this.#kept = sink;
    this.#reader = reader;
    this.#gone = gone;
    this.#lastPacketsTimer = this.#context.clock.after(LAST_PACKETS_MS, () => this.abort());
    return true;
  }

  /** Whether the target has been sent packets of the stream. */
  get delivered(): boolean {
    return (this.#reader?.bytes ?? 0) > 0;
  }

  /**
   * The stream continues but no longer goes to the target, which is notified; then `gone` is called. False when there is no
   * connection.
   */
  unpublishNow(gone: () => void): boolean {
    if (this.#streamId === undefined || this.#over) return false;
    this.#gone = gone;
    this.#unpublish();
    return true;
  }

  answered(): void {
    this.#report.answered?.();
  }

  drained(): void {
    this.#reader?.drained();
    if (this.#kept !== undefined) this.#endKept();
  }

  closed(): void {
    this.#closed = true;
    this.#lastPacketsTimer?.cancel();
    this.#gone?.();
    this.#gone = undefined;
  }

  failed(failure: ConnectionFailure): void {
    this.#fail(failureText(failure, "the target"), "lost");
  }

  ready(transport: Transport, streamId: number): void {
    this.#transport = transport;
    const { clock } = this.#context;
    const { session } = this.#connection;
    this.#delivery = new Delivery(transport, this.#answersPings, clock.now(), (time) => session.ping(time));
    this.#looking = clock.every(LOOK_MS, () => this.#look());
    this.#streamId = streamId;
    this.#report.running(session.server);
    this.#join();
  }

  /** The stream is published: the target, which was asked before, gets it now. */
  carry(stream: Stream): void {
    this.#stream = stream;
    this.#join();
  }

  #join(): void {
    const transport = this.#transport;
    const streamId = this.#streamId;
    if (this.#over || this.#stream === undefined || transport === undefined || streamId === undefined) return;
    this.#sendEpoch(false);
    if (this.#kept === undefined || this.#reader === undefined) {
      const events = this.#eventsWith(() => this.#unpublish());
      this.#reader = this.#stream.join(this.#format(streamId), transport, events);
      return;
    }
    this.#stream.reformat(this.#reader, this.#format(streamId));
    this.#kept.open(transport);
    this.#reader.drained();
    this.#endKept();
  }

  #eventsWith(unpublished: () => void): ReaderEvents {
    return { unpublished, epoch: (lost) => this.#sendEpoch(lost), skipped: () => this.#sendEpoch(true) };
  }

  #sendEpoch(lost: boolean): void {
    const { epoch, ladder = "", tracks = "" } = this.#stream?.told ?? {};
    if (epoch !== undefined) this.#connection.session.sendEpoch(epoch, lost, ladder, tracks);
  }

  #format(messageStreamId: number): RtmpFormat {
    const { formats } = this.#context;
    return formats.get({ chunkSize: this.#chunkSize, messageStreamId, audio: true, video: true, publishing: true });
  }

  /** The target has everything; after a vanished publisher it is not notified of an end. */
  #endKept(): void {
    if (this.#reader?.state === "current" && !this.#over) this.#closeAfterFlush();
  }

  refused(code: string, description: string, redirect: Redirect | undefined): void {
    this.refusal = { description, redirect };
    this.#fail(`refused: ${statusText(code, description)}`, "refused");
  }

  ended(code: string, description: string): void {
    this.#fail(`ended by the target: ${statusText(code, description)}`, "lost");
  }

  pong(): void {
    this.#answersPings = true;
    this.#delivery?.pong(this.#context.clock.now());
  }

  #unpublish(): void {
    this.#connection.session.unpublish();
    this.#closeAfterFlush();
  }

  #look(): void {
    const problem = this.#delivery?.look(this.#context.clock.now(), this.#behindMs);
    if (problem !== undefined) this.#fail(`the target ${problem}`, "lost");
    else this.#tellAge();
  }

  /** Sends the target the age of packets when they arrive there. */
  #tellAge(): void {
    if (this.#reader === undefined) return;
    const age = this.#stream?.ageMs(this.#reader);
    const link = this.#delivery?.link.ms;
    const arriving = age === undefined || link === undefined ? undefined : age + link;
    if (this.#toldAge.isNews(arriving)) this.#connection.session.sendAge(arriving);
  }

  /** How far the packets given to the transport are behind the stream. */
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
    this.#looking?.cancel();
    if (this.#reader !== undefined) this.#stream?.leave(this.#reader);
  }
}
