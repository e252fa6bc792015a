// Hot: send runs for each reader at each flush.
import type { Socket } from "bun";
import type { HostPort } from "../../base/address.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Transport, TransportHandler } from "../../base/transport.ts";
import { GatheredWrite } from "./gathered-write.ts";
import type { Closing, Sending } from "./input-scheduler.ts";
import { type MergedReads, type Pausable, ReadPause } from "./merged-reads.ts";
import { type BufferAccount, SendQueue } from "./send-queue.ts";
import type { SocketOwner } from "./socket-data.ts";
import { type InputConnection, type InputWatch, PauseReason, SocketInput } from "./socket-input.ts";
import { unacknowledgedBytes } from "./socket-queue.ts";

/** After the last byte, the peer must close its side within this time. */
const LINGER_MS = 3000;
/** A peer that takes queued bytes slowly gets this long once we want to close. */
const CLOSE_MS = 30_000;

/**
 * Called by `TcpTransport` when it begins and stops to wait for its peer, so that one timer watches all that wait; and for each
 * queued buffer, so that one account covers them.
 */
export interface StallWatch extends InputWatch, BufferAccount {
  blocked(transport: TcpTransport): void;
  free(transport: TcpTransport): void;
  /** A bug: an exception of an owner. */
  readonly onFault: (error: Error) => void;
  readonly reads: MergedReads;
}

/** What a transport needs of its socket. */
export type ByteSocket = Pick<Socket<unknown>, "write" | "shutdown" | "terminate" | "pause" | "resume"> & {
  end(): unknown;
};

/** A TCP connection, accepted or dialled, plain or with TLS: what it sends, how it is read, and how it is closed. */
export class TcpTransport implements Transport, InputConnection, Closing, Sending, Pausable, SocketOwner {
  // `send` needs these fields for thousands of connections: objects are laid out in this order, and each cache line is a miss.
  /** Open, with an empty queue, and outside of input: bytes go straight to the socket. */
  #clear = true;
  #socket: ByteSocket;
  bytesSent = 0;
  readonly remote: HostPort;
  /** When the kernel last accepted bytes, while blocked; monotonic ms. */
  progressAt = 0;
  readonly #clock: Clock;
  readonly #watch: StallWatch;
  /** Bytes that the kernel has not accepted. */
  readonly #queue: SendQueue;
  /** Input is being delivered; what is sent meanwhile leaves at its end. */
  #answering = false;
  readonly #answers = new GatheredWrite();
  readonly #input: SocketInput;
  #mergesReads = false;
  #readPause: ReadPause | undefined;
  /** With TLS: the runtime loses unread bytes of a paused socket when its peer closes. */
  #secure = false;
  /** The socket is paused so that the next read brings more. */
  #readPaused = false;
  #handler: TransportHandler | undefined;
  #state: "open" | "closing" | "closed" = "open";
  /** The peer has room again, and its queued bytes wait for a turn. */
  #hasTurn = false;
  /** The peer has hung up and the socket is closed; `onClose` follows later, after a publisher's last input. */
  #gone = false;
  #reason: string | undefined;
  #linger: Timer | undefined;
  readonly ip: string;
  readonly #dialled: boolean;
  /** `dialled`: the IP address that we connected to; undefined for an accepted connection. */
  constructor(socket: ByteSocket, remote: HostPort, clock: Clock, watch: StallWatch, dialled?: string) {
    this.#socket = socket;
    this.remote = remote;
    this.#clock = clock;
    this.#watch = watch;
    this.#queue = new SendQueue(watch);
    this.#input = new SocketInput(this, clock, watch);
    this.#dialled = dialled !== undefined;
    this.ip = dialled ?? remote.host;
  }

  /** Sets the owner and notifies it that the transport is open. */
  attach(handler: TransportHandler): void {
    this.#handler = handler;
    handler.onOpen(this);
  }

  /** Continues with this socket, `secure` after a TLS handshake; queued bytes are sent. */
  useSocket(socket: ByteSocket, secure = false): void {
    this.#socket = socket;
    this.#secure = secure;
    this.onDrain();
  }

  send(bytes: Uint8Array): boolean {
    return this.#clear ? this.#write(bytes) : this.#sendLater(bytes);
  }

  #write(bytes: Uint8Array): boolean {
    const written = this.#socket.write(bytes);
    if (written === bytes.length) {
      this.bytesSent += written;
      return true;
    }
    const sent = Math.max(0, written);
    this.bytesSent += sent;
    this.progressAt = this.#clock.now();
    this.#enqueue(bytes, sent);
    this.#watch.blocked(this);
    this.#settle();
    return false;
  }

  #sendLater(bytes: Uint8Array): boolean {
    if (this.#state !== "open" || this.#gone) return false;
    if (this.#queue.empty) {
      if (this.#answers.add(bytes)) return true;
      if (this.#sendAnswers()) return this.#answers.add(bytes) || this.#write(bytes);
    }
    this.#enqueue(bytes, 0);
    return false;
  }

  /** Sends the collected buffers in one write. False: the kernel accepted less. */
  #sendAnswers(): boolean {
    const bytes = this.#answers.take();
    return bytes === undefined || this.#write(bytes);
  }

  /** Recomputes whether `send` may go straight to the socket. */
  #settle(): void {
    this.#clear = this.#state === "open" && !this.#gone && !this.#answering && this.#queue.empty;
  }

  /** The queued buffers, the first possibly sent in part. */
  get queue(): readonly Uint8Array[] {
    return this.#queue.buffers;
  }

  get bytesQueued(): number {
    return this.#queue.bytes;
  }

  get bytesUnacknowledged(): number {
    return this.#state === "closed" || this.#gone ? 0 : unacknowledgedBytes(this.#socket);
  }

  get readPaused(): boolean {
    return this.#readPaused;
  }

  mergeReads(merge: boolean): void {
    this.#mergesReads = merge;
    if (!merge) this.endReadPause();
  }

  endReadPause(): void {
    if (!this.#readPaused) return;
    this.#readPaused = false;
    this.#input.resume(PauseReason.ReadPause);
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#sendAnswers();
    this.#state = "closing";
    this.#settle();
    // The peer has hung up: a later turn ends the connection.
    if (this.#gone) return;
    if (this.#queue.empty) this.#finish();
    else
      this.#linger = this.#clock.after(CLOSE_MS, () => this.failSoon(`its last bytes took over ${CLOSE_MS / 1000} s`));
  }

  abort(): void {
    this.fail(undefined);
  }

  abandon(): void {
    if (this.#state === "closed") return;
    this.#state = "closing";
    this.#settle();
    if (!this.#gone) {
      this.#linger?.cancel();
      // Unread input would still make the kernel send a reset.
      this.#socket.resume();
      this.#linger = this.#clock.after(LINGER_MS, () => this.#socket.end());
      this.#socket.shutdown();
    }
    this.#end(undefined);
  }

  /** Closes at once and notifies the owner of the reason. */
  fail(reason: string | undefined): void {
    if (this.#state === "closed") return;
    this.#reason ??= reason;
    this.#state = "closing";
    this.#settle();
    this.#linger?.cancel();
    const isOpen = !this.#gone;
    // The runtime calls the close handler inside terminate.
    this.#gone = true;
    if (isOpen) this.#socket.terminate();
    this.#end(undefined);
  }

  /**
   * Closes in this turn or a later one, as thousands may reach a time limit together. What waits for the peer is dropped at
   * once, and nothing more is sent or read.
   */
  failSoon(reason: string | undefined): void {
    if (this.#state === "closed") return;
    this.#reason ??= reason;
    this.#state = "closing";
    this.#settle();
    this.#linger?.cancel();
    this.#forgetQueue();
    this.#input.close();
    this.#watch.turns.endActivities(this);
  }

  fault(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#watch.onFault(error);
    this.fail(`internal error: ${error.message}`);
  }

  /** The socket's handlers. */
  onData(bytes: Uint8Array): void {
    if (this.#state !== "open" || this.#gone) return;
    const { length } = bytes;
    this.#input.take(bytes);
    if (this.#mergesReads) this.#pauseAfter(length);
  }

  #pauseAfter(bytes: number): void {
    if (this.#secure || this.#readPaused || this.#input.waiting || this.#state !== "open" || this.#gone) return;
    this.#readPause ??= new ReadPause();
    this.#readPaused = this.#watch.reads.pause(this, this.#readPause.after(bytes));
    if (this.#readPaused) this.#input.pause(PauseReason.ReadPause);
  }

  get open(): boolean {
    return this.#state === "open";
  }

  get gone(): boolean {
    return this.#gone;
  }

  get secure(): boolean {
    return this.#secure;
  }

  get publishes(): boolean {
    return this.#handler?.publishes ?? true;
  }

  get heldBytes(): number {
    return this.#handler?.heldBytes ?? 0;
  }

  inputChanged(): void {
    this.#input.settle();
  }

  handOver(bytes: Uint8Array): void {
    this.#answering = true;
    this.#settle();
    try {
      this.#handler?.onData(bytes);
    } finally {
      this.#answering = false;
      this.#sendAnswers();
      this.#settle();
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  cut(reason: string): void {
    this.#handler?.onCut?.(reason);
    this.failSoon(reason);
  }

  onDrain(): void {
    if (this.#queue.empty || this.#hasTurn) return;
    this.#hasTurn = true;
    this.#watch.turns.sendWaiting(this);
  }

  sendWaiting(): void {
    this.#hasTurn = false;
    // The connection may have ended since.
    if (this.#queue.empty) return;
    const written = this.#queue.drain(this.#socket);
    this.bytesSent += written;
    if (written > 0) this.progressAt = this.#clock.now();
    if (!this.#queue.empty) return;
    this.#watch.free(this);
    this.#settle();
    if (this.#state === "closing") this.#finish();
    else this.#handler?.onDrain();
  }

  onPeerEnd(): boolean {
    // TLS has a closing message of its own, after which neither side sends anything.
    return this.#state !== "closed" && !this.#secure && this.#handler?.onPeerEnd?.() === true;
  }

  onClose(reason: string | undefined): void {
    this.#linger?.cancel();
    if (this.#gone) return;
    this.#gone = true;
    this.#settle();
    this.#reason ??= reason;
    this.#forgetQueue();
    this.#handler?.onHangUp?.();
    // A publisher's last media and its closing commands are still processed; other clients' last input is dropped.
    if (this.open && this.#input.waiting && this.publishes) return;
    this.#input.close();
    this.#watch.turns.endActivities(this);
  }

  /** All input from before the hang-up is processed. */
  ended(): void {
    this.#watch.turns.endActivities(this);
  }

  endActivities(): void {
    this.fail(undefined);
  }

  #end(reason: string | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#settle();
    this.#input.close();
    this.#forgetQueue();
    this.#handler?.onClose(this.#reason ?? reason);
    this.#handler = undefined;
  }

  #forgetQueue(): void {
    this.#watch.free(this);
    this.#answers.clear();
    this.#queue.clear();
  }

  #enqueue(bytes: Uint8Array, sent: number): void {
    const problem = this.#queue.add(bytes, sent);
    // Not here: the caller is still working with this connection.
    if (problem !== undefined) this.#clock.soon(() => this.fail(problem));
  }

  /** Everything is sent: the peer is notified and closes. If we closed now, the kernel could drop bytes under way. */
  #finish(): void {
    this.#linger?.cancel();
    // A dialled server must learn of the end in any case; a reset frees the kernel's memory for accepted connections.
    this.#linger = this.#clock.after(LINGER_MS, () => (this.#dialled ? this.abandon() : this.failSoon(undefined)));
    this.#socket.shutdown();
  }
}
