// Hot: push runs for each message of each player. It allocates nothing but the payload that a message comes with.
import { classify } from "../media/classify.ts";
import { PacketFlag, PacketKind } from "../media/packet.ts";
import type { MediaHandler } from "../rtmp/net-stream.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { BenchContext } from "./context.ts";
import type { Group } from "./group.ts";
import type { PlayerTotals } from "./player-totals.ts";
import { StreamCheck } from "./stream-check.ts";
import type { BenchTarget } from "./url.ts";

const NO_FRAME = PacketFlag.SequenceHeader | PacketFlag.SequenceEnd | PacketFlag.Config;
/** A player that received nothing for this long at the end has not played to the end. */
const STALLED_MS = 5000;
/** The clocks of two processes on one machine differ by less. */
const CLOCK_ERROR_US = 100;

/** What players share. */
export interface PlayerContext extends BenchContext {
  readonly group: Group;
  readonly totals: PlayerTotals;
}

/** One player, which checks everything it receives and keeps nothing. */
export class Player implements MediaHandler, ConnectionOwner {
  readonly #context: PlayerContext;
  readonly #totals: PlayerTotals;
  readonly #group: Group;
  readonly #stream: string;
  readonly #check: StreamCheck;
  readonly connection: Connection;
  /** Frames sent before this are from the server's cache: old, not late. */
  #admittedUs = 0;
  #admittedMs = 0;
  /** When the first frame of each kind came, and the last of all; 0: none yet. */
  #firstVideoMs = 0;
  #firstAudioMs = 0;
  #lastMs = 0;
  /** Why the server has ended the stream, until it continues. */
  #unpublished = "";

  /** `whole`: all of each frame's content is compared. */
  constructor(context: PlayerContext, target: BenchTarget, whole: boolean) {
    this.#context = context;
    this.#totals = context.totals;
    this.#group = context.group;
    this.#stream = target.stream;
    this.#check = new StreamCheck(context.totals, whole);
    this.connection = new Connection(context, context.group, target, this, this);
  }

  admitted(): void {
    this.#admittedMs = this.#context.clock.now();
    this.#admittedUs = this.#context.wall.at(this.#admittedMs);
  }

  /** Whether the server ever let it play. */
  get wasAdmitted(): boolean {
    return this.#admittedMs > 0;
  }

  drained(): void {}

  ended(reason: string): void {
    this.#unpublished = reason;
  }

  push(kind: PacketKind, timestamp: number, payload: Uint8Array): void {
    if (kind === PacketKind.Data) return;
    const what = classify(kind, payload);
    if ((what & NO_FRAME) !== 0) {
      if (kind === PacketKind.Video) this.#check.header();
      return;
    }
    const now = this.#group.arrivedMs;
    if (this.#lastMs > 0 && now - this.#lastMs > this.#totals.longestGapMs)
      this.#totals.longestGapMs = now - this.#lastMs;
    this.#lastMs = now;
    this.#unpublished = "";
    // Further tracks have an order of their own.
    if (what >>> 8 !== 0) return;
    if (kind === PacketKind.Audio) {
      if (this.#firstAudioMs === 0) this.#firstAudioMs = now;
      this.#check.audio(timestamp, payload);
      return;
    }
    if (this.#firstVideoMs === 0) this.#firstVideoMs = now;
    const sentUs = this.#check.video(timestamp, payload, (what & PacketFlag.Key) !== 0);
    if (sentUs < this.#admittedUs) return;
    const delayUs = this.#context.wall.at(now) - sentUs;
    if (delayUs < -CLOCK_ERROR_US) this.#totals.early++;
    this.#totals.recentDelay.record(delayUs);
  }

  /** At the end of the run, frames that are still missing count as lost. */
  finish(nowMs: number): void {
    const firstMs = this.#firstVideoMs || this.#firstAudioMs;
    if (firstMs > 0) {
      this.#totals.firstFrame.record((firstMs - this.connection.beganMs) * 1000);
      this.#totals.firstFrameAfterPlay.record((firstMs - this.connection.askedMs) * 1000);
    }
    if (!this.connection.running) return;
    const silentMs = nowMs - (this.#lastMs || this.#admittedMs);
    if (this.#lastMs > 0) this.#totals.longestGapMs = Math.max(this.#totals.longestGapMs, silentMs);
    if (this.#unpublished !== "") this.connection.fail(this.#unpublished);
    else if (this.#lastMs === 0) this.connection.fail(`nothing came: is ${this.#stream} being published?`);
    else if (silentMs > STALLED_MS) this.connection.fail(`nothing came in the last ${STALLED_MS / 1000} s or longer`);
  }
}
