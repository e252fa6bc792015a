// Hot: take runs for each read of each connection.
import type { Clock } from "../../base/clock.ts";
import type { InputHolder, InputMemory } from "./input-memory.ts";
import type { Busy, InputScheduler } from "./input-scheduler.ts";

/** Input is worked on in slices of about this many ms, when it turns out to be a lot of work. */
const SLICE_MS = 2;
/** A slice is one of these at first, and as long as the runtime's reads are when that takes no time. */
const FIRST_SLICE_BYTES = 64 * 1024;
const MIN_SLICE_BYTES = 1024;
const MAX_SLICE_BYTES = 1024 * 1024;
/** A client is just coming until it has sent this much: handshake and commands, which are more work than any media. */
const ARRIVAL_BYTES = 4096;
/** A publisher with TLS is read on until this much waits: the runtime loses what a paused socket with TLS has not read. */
const SECURE_AHEAD_BYTES = 4 * 1024 * 1024;

/** Why a socket is paused; it is read when there is no reason left. */
export const PauseReason = {
  /** What it has sent waits for its turn. */
  Turn: 1,
  /** A later read brings more. */
  ReadPause: 2,
  /** Its input takes too much memory. */
  Memory: 4,
} as const;

/** What the input needs of its connection. */
export interface InputConnection {
  /** Input is still wanted. */
  readonly open: boolean;
  /** The peer has hung up. */
  readonly gone: boolean;
  readonly secure: boolean;
  /** What the connection says is read for its own sake: it is no client's, or one's that publishes. */
  readonly publishes: boolean;
  /** What the owner keeps of what it was given, bytes. */
  readonly heldBytes: number;
  handOver(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** The peer has hung up, and all that it said has been handed over. */
  ended(): void;
  /** Closes it for what its input takes. */
  cut(reason: string): void;
  fault(error: unknown): void;
}

/** What is shared by the input of all connections. */
export interface InputWatch {
  readonly turns: InputScheduler;
  readonly memory: InputMemory;
}

/** What one connection has sent, on its way to the owner: at once, or in turns when it is a lot of work. */
export class SocketInput implements Busy, InputHolder {
  readonly #connection: InputConnection;
  readonly #clock: Clock;
  readonly #watch: InputWatch;
  /** What has been read and not been worked on, in order. */
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #sliceBytes = FIRST_SLICE_BYTES;
  /** What is left of its arrival. */
  #arrivalLeft = ARRIVAL_BYTES;
  /** Bits of `PauseReason`. */
  #paused = 0;
  /** As the account of all input has it. */
  inputBytes = 0;

  constructor(connection: InputConnection, clock: Clock, watch: InputWatch) {
    this.#connection = connection;
    this.#clock = clock;
    this.#watch = watch;
  }

  get arriving(): boolean {
    return this.#arrivalLeft > 0;
  }

  /** Something waits for its turn. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  get publishes(): boolean {
    return this.#connection.publishes;
  }

  /** What the socket has read. */
  take(bytes: Uint8Array): void {
    const { turns } = this.#watch;
    const early = this.arriving && turns.arrivalsWait;
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
      // A copy: what is kept of a slice must not keep the whole read alive.
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

  /** Counts what is kept, and decides whether the socket is read on; what the owner keeps may have changed. */
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
    // Others are read on, within what they may keep, so that it is noticed when they hang up.
    if (this.#queuedBytes >= ahead && connection.publishes) this.pause(PauseReason.Turn);
    else this.resume(PauseReason.Turn);
    memory.judge(this);
  }

  /** Drops what waits; nothing more is counted for it. */
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

  /** Leaves the socket unread while there is this reason. */
  pause(reason: number): void {
    if (this.#paused === 0) this.#connection.pause();
    this.#paused |= reason;
  }

  /** There is this reason no longer. */
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

  /** Hands input over, and learns from how long that takes how much of it to hand over next time. */
  #work(bytes: Uint8Array): void {
    const began = this.#clock.now();
    // The handler may free it.
    const { length } = bytes;
    this.#connection.handOver(bytes);
    const tookMs = this.#clock.now() - began;
    if (this.arriving) {
      this.#arrivalLeft -= length;
      this.#watch.turns.countArrival(tookMs);
    }
    if (tookMs > SLICE_MS) {
      this.#sliceBytes = Math.max(MIN_SLICE_BYTES, Math.floor((length * SLICE_MS) / tookMs));
    } else if (length === this.#sliceBytes && tookMs < SLICE_MS / 2) {
      this.#sliceBytes = Math.min(MAX_SLICE_BYTES, this.#sliceBytes * 2);
    }
  }
}
