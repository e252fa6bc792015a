// Hot: take runs for each read of each connection.
import type { Clock } from "../../base/clock.ts";
import type { InputHolder, InputMemory } from "./input-memory.ts";
import type { Busy, InputScheduler } from "./input-scheduler.ts";

/** Input that takes long is processed in slices of about this many ms. */
const SLICE_MS = 2;
/** The first size of a slice; slices grow to a whole read while they take little time. */
const FIRST_SLICE_BYTES = 64 * 1024;
const MIN_SLICE_BYTES = 1024;
const MAX_SLICE_BYTES = 1024 * 1024;
/** A client is new until it has sent this much: handshake and commands are more work than media. */
const NEW_CLIENT_BYTES = 4096;
/** A publisher with TLS is read until this much waits: the runtime loses unread bytes of a paused TLS socket. */
const SECURE_AHEAD_BYTES = 4 * 1024 * 1024;

/** Why a socket is paused; it is read when no reason is left. */
export const PauseReason = {
  /** Its input waits for a turn. */
  Turn: 1,
  /** A later read brings more. */
  ReadPause: 2,
  /** Its input takes too much memory. */
  Memory: 4,
} as const;

/** What the input needs from its connection. */
export interface InputConnection {
  /** Input is still wanted. */
  readonly open: boolean;
  /** The peer has hung up. */
  readonly gone: boolean;
  readonly secure: boolean;
  /** Its input is kept even after a hang-up: it publishes, or is no client. */
  readonly publishes: boolean;
  /** Bytes of its input that the owner holds. */
  readonly heldBytes: number;
  handOver(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** The peer has hung up, and all its input is delivered. */
  ended(): void;
  /** Closes the connection because of its input. */
  cut(reason: string): void;
  fault(error: unknown): void;
}

/** Shared by the input of all connections. */
export interface InputWatch {
  readonly turns: InputScheduler;
  readonly memory: InputMemory;
}

/** One connection's input on its way to the owner: at once, or in turns when it takes long. */
export class SocketInput implements Busy, InputHolder {
  readonly #connection: InputConnection;
  readonly #clock: Clock;
  readonly #watch: InputWatch;
  /** Input read and not processed, in order. */
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #sliceBytes = FIRST_SLICE_BYTES;
  /** Bytes that the client may still send as a new one. */
  #newBytesLeft = NEW_CLIENT_BYTES;
  /** Bits of `PauseReason`. */
  #paused = 0;
  /** The bytes that `InputMemory` has counted. */
  inputBytes = 0;

  constructor(connection: InputConnection, clock: Clock, watch: InputWatch) {
    this.#connection = connection;
    this.#clock = clock;
    this.#watch = watch;
  }

  get isNew(): boolean {
    return this.#newBytesLeft > 0;
  }

  /** Whether input waits for its turn. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  get publishes(): boolean {
    return this.#connection.publishes;
  }

  /** Takes the bytes of a read. */
  take(bytes: Uint8Array): void {
    const { turns } = this.#watch;
    const early = this.isNew && turns.newClientsWait;
    if (this.#queue.length > 0) this.#push(bytes);
    else if (early) {
      this.#push(bytes);
      turns.add(this);
    } else if (bytes.length > this.#sliceBytes) {
      this.#push(bytes);
      if (this.runSlice()) turns.add(this);
    } else this.#work(bytes);
    this.settle();
  }

  runSlice(): boolean {
    const connection = this.#connection;
    if (connection.gone && !connection.publishes) this.forget();
    const input = this.#queue[0];
    if (connection.open && input !== undefined) {
      // A copy, so that a held slice does not keep the whole read in memory.
      const slice = input.slice(0, this.#sliceBytes);
      if (slice.length < input.length) this.#queue[0] = input.subarray(slice.length);
      else this.#queue.shift();
      this.#queuedBytes -= slice.length;
      this.#work(slice);
    }
    if (!connection.open) this.forget();
    this.settle();
    if (this.#queue.length > 0) return true;
    if (connection.gone) connection.ended();
    return false;
  }

  /** Counts the held bytes and decides whether the socket is read; the owner's part may have changed. */
  settle(): void {
    const connection = this.#connection;
    const { memory } = this.#watch;
    const kept = connection.open ? this.#queuedBytes + connection.heldBytes : 0;
    if (kept !== this.inputBytes) {
      const more = kept - this.inputBytes;
      this.inputBytes = kept;
      memory.count(this, more);
    }
    if (!connection.open || connection.gone) return;
    const ahead = connection.secure ? SECURE_AHEAD_BYTES : 1;
    // Connections that do not publish are still read, within their limits, so that a hang-up is noticed.
    if (this.#queuedBytes >= ahead && connection.publishes) this.pause(PauseReason.Turn);
    else this.resume(PauseReason.Turn);
    memory.review(this);
  }

  /** Drops waiting input; nothing more is counted for it. */
  forget(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  /** The connection is closed. */
  close(): void {
    this.forget();
    this.settle();
    this.#watch.memory.forget(this);
  }

  /** Pauses the socket for this reason. */
  pause(reason: number): void {
    if (this.#paused === 0) this.#connection.pause();
    this.#paused |= reason;
  }

  /** Removes this reason; the socket is read again when none is left. */
  resume(reason: number): void {
    if ((this.#paused & reason) === 0) return;
    this.#paused &= ~reason;
    if (this.#paused === 0 && this.#connection.open && !this.#connection.gone) this.#connection.resume();
  }

  leaveUnread(unread: boolean): void {
    if (unread) this.pause(PauseReason.Memory);
    else this.resume(PauseReason.Memory);
  }

  cut(reason: string): void {
    this.#connection.cut(reason);
  }

  fault(error: unknown): void {
    this.#connection.fault(error);
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** Delivers input; its duration decides the size of the next slice. */
  #work(bytes: Uint8Array): void {
    const began = this.#clock.now();
    // The owner may free the buffer.
    const { length } = bytes;
    this.#connection.handOver(bytes);
    const tookMs = this.#clock.now() - began;
    if (this.isNew) {
      this.#newBytesLeft -= length;
      this.#watch.turns.countNewClient(tookMs);
    }
    if (tookMs > SLICE_MS) {
      this.#sliceBytes = Math.max(MIN_SLICE_BYTES, Math.floor((length * SLICE_MS) / tookMs));
    } else if (length === this.#sliceBytes && tookMs < SLICE_MS / 2) {
      this.#sliceBytes = Math.min(MAX_SLICE_BYTES, this.#sliceBytes * 2);
    }
  }
}
