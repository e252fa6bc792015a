import type { Clock, Timer } from "../../base/clock.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Child, StartChild } from "../../io/os/child-process.ts";
import { isHeader } from "../../live/source/source.ts";
import { classify } from "../../media/classify.ts";
import { FlvReader } from "../../media/flv-reader.ts";
import { PacketKind } from "../../media/packet.ts";

/*
 * starting ──first tag──> running ──end of input──> finishing      any ──exit, hang, garbage, abort──> ended
 */
const LOOK_MS = 1000;
/** FFmpeg hangs if it takes no input, or gives no output for its input, for this long. */
const HANG_MS = 10_000;
/** Encoders look ahead: up to this many packets may be inside FFmpeg. */
const AHEAD_PACKETS = 400;
/** Time for FFmpeg to finish after the end of its input. */
const FINISH_MS = 5000;

/** Last lines of FFmpeg that don't say why it ends. */
const EMPTY_MESSAGE =
  /^(?:Conversion failed!|To ignore this, add|Error initializing output stream .* opening encoder)|frames left in the queue on closing$/;
/** The memory address of the object that a message comes from, which says nothing. */
const ADDRESS = / @ 0x[0-9a-f]+\]/g;

/** Notifications for the owner of a run. */
export interface RunEvents {
  /** A tag of a track; the payload belongs to the receiver. False: the tag is useless, and does not count as output. */
  tag(index: number, kind: PacketKind, timestamp: number, payload: Uint8Array): boolean;
  /** Its first frame has come. */
  productive(): void;
  /** A line of FFmpeg's messages. */
  message(line: string): void;
  /** FFmpeg takes input again. */
  drained(): void;
  /** FFmpeg has ended by itself, or was ended for a fault; not called after `abort`. */
  ended(reason: string): void;
}

/** One FFmpeg process: it gets packets by its standard input, and gives each track by a pipe, as FLV. */
export class Run {
  readonly #clock: Clock;
  readonly #events: RunEvents;
  readonly #child: Child;
  readonly #readers: readonly FlvReader[];
  readonly #watch: Timer;
  #finish: Timer | undefined;
  #over = false;
  /** The fault for which it was ended. */
  #fault: string | undefined;
  #lastMessage = "";
  /** The outputs that have given a frame: metadata and headers come also from an FFmpeg that cannot encode the other track. */
  readonly #productive = new Set<number>();
  /** When it ceased to take input, monotonic ms; undefined while it takes input. */
  #blockedAt: number | undefined;
  /** Packets that it got since its last tag, and the time of that tag. */
  #unanswered = 0;
  #taggedAt: number;
  /** For each output: since when it has an incomplete tag, monotonic ms. */
  readonly #partialSince: (number | undefined)[] = [];
  #gone: (() => void) | undefined;

  constructor(
    { clock, startChild }: { readonly clock: Clock; readonly startChild: StartChild },
    command: readonly string[],
    outputs: number,
    nice: number,
    events: RunEvents,
  ) {
    this.#clock = clock;
    this.#events = events;
    this.#taggedAt = clock.now();
    this.#readers = Array.from(
      { length: outputs },
      (_, index) =>
        new FlvReader((kind, timestamp, payload) => this.#onTag(index, kind, timestamp, payload), { strict: true }),
    );
    this.#child = startChild(
      { command, outputs, nice },
      {
        output: (index, bytes) => this.#onOutput(index, bytes),
        errorLine: (text) => {
          const line = text.replace(ADDRESS, "]");
          if (!EMPTY_MESSAGE.test(line)) this.#lastMessage = line;
          if (!this.#over) events.message(line);
        },
        drained: () => {
          this.#blockedAt = undefined;
          if (!this.#over) events.drained();
        },
        exited: (reason) => this.#onExit(reason),
      },
    );
    this.#watch = clock.every(LOOK_MS, () => this.#look());
  }

  /** Whether it has given a frame. */
  get productive(): boolean {
    return this.#productive.size > 0;
  }

  /** Whether an output has given a frame. */
  hasGiven(index: number): boolean {
    return this.#productive.has(index);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether its input is full: it takes more once FFmpeg has read. */
  get blocked(): boolean {
    return this.#blockedAt !== undefined;
  }

  /** Takes all of `bytes`, which are this many packets. False: no more before `drained`. */
  feed(bytes: Uint8Array, packets: number): boolean {
    this.#unanswered += packets;
    if (this.#child.write(bytes)) return true;
    this.#blockedAt ??= this.#clock.now();
    return false;
  }

  /** The input ends: FFmpeg finishes what it has, then `gone` is called. */
  finish(gone: () => void): void {
    this.#gone = gone;
    if (this.#over) {
      gone();
      return;
    }
    this.#child.endInput();
    this.#finish = this.#clock.after(FINISH_MS, () => this.#child.stop());
  }

  /** Ends FFmpeg at once. `gone` is called when the process has ended. */
  abort(gone: () => void = () => undefined): void {
    this.#gone = gone;
    if (this.#child.pid === undefined) gone();
    this.#over = true;
    this.#watch.cancel();
    this.#child.endInput();
    this.#child.stop();
  }

  #onOutput(index: number, bytes: Uint8Array): void {
    if (this.#over || this.#fault !== undefined) return;
    try {
      const reader = this.#readers[index];
      reader?.push(bytes);
      if (reader === undefined || reader.bufferedBytes === 0) this.#partialSince[index] = undefined;
      else this.#partialSince[index] ??= this.#clock.now();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(`it writes garbage: ${error.message}`);
    }
  }

  #onTag(index: number, kind: PacketKind, timestamp: number, payload: Uint8Array): void {
    this.#partialSince[index] = undefined;
    if (this.#over || !this.#events.tag(index, kind, timestamp, payload)) return;
    this.#unanswered = 0;
    this.#taggedAt = this.#clock.now();
    if (this.hasGiven(index) || kind === PacketKind.Data || isHeader(classify(kind, payload) & 0xff)) return;
    this.#productive.add(index);
    if (this.#productive.size === 1) this.#events.productive();
  }

  #look(): void {
    const now = this.#clock.now();
    const isFull = this.#blockedAt !== undefined && now - this.#blockedAt > HANG_MS && now - this.#taggedAt > HANG_MS;
    const isDumb = this.#unanswered > AHEAD_PACKETS && now - this.#taggedAt > HANG_MS;
    if (this.#partialSince.some((since) => since !== undefined && now - since > HANG_MS))
      this.#end("it writes garbage: an FLV tag that does not end");
    else if (isFull || isDumb) this.#end(`it hangs: nothing has come from it for ${HANG_MS / 1000} s`);
  }

  #end(fault: string): void {
    this.#fault = fault;
    this.#watch.cancel();
    this.#child.kill();
  }

  #onExit(reason: string): void {
    this.#watch.cancel();
    this.#finish?.cancel();
    const wasOver = this.#over;
    this.#over = true;
    this.#gone?.();
    if (wasOver || this.#gone !== undefined) return;
    const message = this.#lastMessage === "" ? "" : `: ${this.#lastMessage}`;
    this.#events.ended(this.#fault ?? `${reason}${message}`);
  }
}
