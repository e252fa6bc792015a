import type { Timer } from "../base/clock.ts";
import type { Retry } from "./group-member.ts";
import type { Player, PlayerContext } from "./player.ts";

/** From a lost connection to the next attempt, ms; a random wait of up to as long again spreads players that were lost together. */
const WAIT_MS = 500;
/** A player that was never admitted fails after this time, ms. */
const FIRST_MS = 30_000;

/*
 * playing ──lost──> waiting ──> asking ──a frame──> playing
 *                      └──fails────┘
 */
/** A player that asks its first address again when it is refused or has lost its connection, as pages and people do. */
export class ReconnectingPlayer implements Player, Retry {
  readonly #context: Omit<PlayerContext, "retry">;
  readonly #make: (retry: Retry) => Player;
  #player: Player | undefined;
  #timer: Timer | undefined;
  #bytesBefore = 0;
  /** Since when the player has had no media, monotonic ms, and why; 0: it plays. */
  #lostMs = 0;
  #reason = "";
  #over = false;
  #failed = false;
  #admitted = false;
  readonly #beganMs: number;
  again = false;

  /** `make` starts a player of the first address. */
  constructor(context: Omit<PlayerContext, "retry">, make: (retry: Retry) => Player) {
    this.#context = context;
    this.#make = make;
    this.#beganMs = context.clock.now();
    this.#player = make(this);
  }

  get running(): boolean {
    return this.#player?.running === true;
  }

  get wasAdmitted(): boolean {
    return this.#admitted || this.#player?.wasAdmitted === true;
  }

  get firstFrameMs(): number {
    return this.#player?.firstFrameMs ?? 0;
  }

  get bytesReceived(): number {
    return this.#bytesBefore + (this.#player?.bytesReceived ?? 0);
  }

  lost(reason: string): boolean {
    const { clock, random, totals } = this.#context;
    this.#failed = this.#over || (!this.wasAdmitted && clock.now() - this.#beganMs >= FIRST_MS);
    if (this.#failed) return false;
    this.#noteFrames();
    if (this.#lostMs === 0 && this.wasAdmitted) {
      this.#lostMs = clock.now();
      totals.losses.add(reason);
    }
    this.#reason = reason;
    const drawn = new Uint8Array(1);
    random(drawn);
    this.#timer = clock.after(WAIT_MS + (WAIT_MS * (drawn[0] ?? 0)) / 256, () => this.#ask());
    return true;
  }

  finish(nowMs: number): void {
    this.#over = true;
    const { group } = this.#context;
    if (this.#timer === undefined) this.#player?.finish(nowMs);
    this.#noteFrames();
    const isAway = this.#timer !== undefined || (this.#lostMs > 0 && !this.#failed);
    if (!isAway) return;
    // The replacement, which counts as connecting, will not be made any more.
    if (this.#timer !== undefined) group.connecting--;
    this.close();
    group.count(this.wasAdmitted ? `has not come back after ${this.#reason}` : this.#reason);
  }

  close(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#player?.close();
  }

  #ask(): void {
    this.#timer = undefined;
    this.again = true;
    this.#admitted = this.wasAdmitted;
    this.#bytesBefore = this.bytesReceived;
    this.#player = undefined;
    this.#player = this.#make(this);
  }

  /** Ends the time without media, if there has been a frame since. */
  #noteFrames(): void {
    const { firstFrameMs } = this;
    if (this.#lostMs === 0 || firstFrameMs <= this.#lostMs) return;
    this.#context.totals.outage.record((firstFrameMs - this.#lostMs) * 1000);
    this.#lostMs = 0;
  }
}
