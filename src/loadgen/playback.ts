// Hot: push, video and audio run for each frame of each player. They allocate nothing.
import { classify } from "../media/classify.ts";
import { PacketFlag, PacketKind } from "../media/packet.ts";
import type { MediaHandler } from "../rtmp/net-stream.ts";
import type { PlayerContext } from "./player.ts";
import { StreamCheck } from "./stream-check.ts";

const NO_FRAME = PacketFlag.SequenceHeader | PacketFlag.SequenceEnd | PacketFlag.Config;
/** A player that received nothing in this time before the end of the run has failed. */
const STALLED_MS = 5000;
/** The clocks of two processes on one machine differ by less than this. */
const CLOCK_ERROR_US = 100;

/** Checks and times the frames of one player of a live stream, as they arrive. */
export class Playback implements MediaHandler {
  readonly #context: PlayerContext;
  readonly #stream: string;
  readonly #check: StreamCheck;
  /** Frames sent before this are from the server's cache: old, not late. */
  #admittedUs = 0;
  #admittedMs = 0;
  /** When the first frame of each kind, and the last of all, arrived; 0: none yet. */
  #firstVideoMs = 0;
  #firstAudioMs = 0;
  #lastMs = 0;
  /** Why the server has ended the stream, until it continues. */
  #unpublished = "";

  /** `stream` is its name for people; `whole`: each frame is compared byte by byte. */
  constructor(context: PlayerContext, stream: string, whole: boolean) {
    this.#context = context;
    this.#stream = stream;
    this.#check = new StreamCheck(context.totals, whole);
  }

  /** The server has admitted the player. */
  admitted(): void {
    this.#admittedMs = this.#context.clock.now();
    this.#admittedUs = this.#context.wall.at(this.#admittedMs);
  }

  /** Whether the server ever admitted the player. */
  get wasAdmitted(): boolean {
    return this.#admittedMs > 0;
  }

  /** When the first frame arrived; monotonic ms, 0: none yet. */
  get firstFrameMs(): number {
    return this.#firstVideoMs || this.#firstAudioMs;
  }

  /** The server has ended the stream for this reason; the connection stays. */
  ended(reason: string): void {
    this.#unpublished = reason;
  }

  /** A message arrived; its payload is an FLV tag's body. */
  push(kind: PacketKind, timestamp: number, payload: Uint8Array): void {
    if (kind === PacketKind.Data) return;
    const what = classify(kind, payload);
    if ((what & NO_FRAME) !== 0) {
      if (kind === PacketKind.Video) this.#check.header();
      return;
    }
    const now = this.#context.group.arrivedMs;
    // Further tracks have an order of their own.
    if (what >>> 8 !== 0) this.#arrived(now);
    else if (kind === PacketKind.Audio) this.audio(timestamp, payload, now);
    else this.video(timestamp, payload, (what & PacketFlag.Key) !== 0, now);
  }

  /** A video sequence header. */
  header(): void {
    this.#check.header();
  }

  /** A video frame, as an AVC tag's body, arrived at `now` (monotonic ms). */
  video(timestamp: number, payload: Uint8Array, key: boolean, now: number): void {
    this.#arrived(now);
    if (this.#firstVideoMs === 0) this.#firstVideoMs = now;
    const sentUs = this.#check.video(timestamp, payload, key);
    if (sentUs < this.#admittedUs) return;
    const { totals, wall } = this.#context;
    const delayUs = wall.at(now) - sentUs;
    if (delayUs < -CLOCK_ERROR_US) totals.early++;
    totals.recentDelay.record(delayUs);
  }

  /** An audio frame, as an AAC tag's body, arrived at `now` (monotonic ms). */
  audio(timestamp: number, payload: Uint8Array, now: number): void {
    this.#arrived(now);
    if (this.#firstAudioMs === 0) this.#firstAudioMs = now;
    this.#check.audio(timestamp, payload);
  }

  #arrived(now: number): void {
    const { totals } = this.#context;
    if (this.#lastMs > 0 && now - this.#lastMs > totals.longestGapMs) totals.longestGapMs = now - this.#lastMs;
    this.#lastMs = now;
    this.#unpublished = "";
  }

  /** Ends the run of a player that began, and asked for the stream, at these times; returns why it failed, undefined if it did not. */
  finish(beganMs: number, askedMs: number, running: boolean, nowMs: number): string | undefined {
    const { totals } = this.#context;
    const firstMs = this.firstFrameMs;
    if (firstMs > 0) {
      totals.firstFrame.record((firstMs - beganMs) * 1000);
      totals.firstFrameAfterPlay.record((firstMs - askedMs) * 1000);
    }
    if (!running) return undefined;
    const silentMs = nowMs - (this.#lastMs || this.#admittedMs);
    if (this.#lastMs > 0) totals.longestGapMs = Math.max(totals.longestGapMs, silentMs);
    if (this.#unpublished !== "") return this.#unpublished;
    if (this.#lastMs === 0) return `nothing came: is ${this.#stream} being published?`;
    return silentMs > STALLED_MS ? `nothing came in the last ${STALLED_MS / 1000} s or longer` : undefined;
  }
}
