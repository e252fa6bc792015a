import type { Clock, Timer } from "../../base/clock.ts";
import type { Upstream } from "./upstream.ts";

/** The way is looked at so long after it became longer, ms: others come to their new places meanwhile. Up to twice as long by chance. */
const SETTLE_MS = 2000;
/** A shorter way that has not taken over by then is given up, ms: a source must be steady for 10 s, and have a key frame. */
const LIMIT_MS = 30_000;

/** What changing to a shorter way needs of the stream that is fetched. */
export interface ShortcutOwner {
  readonly clock: Clock;
  readonly randomNumber: () => number;
  /** The connection that the stream comes by. */
  playing(): Upstream | undefined;
  /** Asks the nodes again; whether one has the stream with fewer servers before it than this connection's origin. */
  look(upstream: Upstream): Promise<boolean>;
  /** Begins a connection beside the others, whose source is to take over when it is steady. */
  add(): Upstream;
  /** Ends a connection; the others keep the stream. */
  drop(upstream: Upstream): void;
}

/*
 * idle ──longer──> settling ──(there is a shorter way)──> trying ──taken──> idle
 *  ^                  │                                     │
 *  └──────────────────┴────────(none, stop, time is up)─────┘
 */
/** Changes to a shorter way without a gap, when a stream comes over more servers than before. */
export class Shortcut {
  readonly #owner: ShortcutOwner;
  #timer: Timer | undefined;
  /** The connection that it comes by, and the one that is to take over. */
  #old: Upstream | undefined;
  #next: Upstream | undefined;
  /** Counts attempts: an answer about nodes that comes after its attempt is ignored. */
  #attempts = 0;

  constructor(owner: ShortcutOwner) {
    this.#owner = owner;
  }

  /** The connection that is to take over. */
  get next(): Upstream | undefined {
    return this.#next;
  }

  /** The stream comes by other servers, of which there are several. */
  longer(): void {
    if (this.#timer !== undefined) return;
    const { clock, randomNumber } = this.#owner;
    this.#timer = clock.after(SETTLE_MS * (1 + randomNumber()), () => void this.#look());
  }

  /** The connection that was to take over has. */
  taken(): void {
    const old = this.#old;
    this.#end();
    if (old !== undefined) this.#owner.drop(old);
  }

  /** The connection that was to take over is of no use, or the stream is not fetched any more. */
  stop(): void {
    const next = this.#next;
    // It has begun after the other one had lost the stream.
    if (next !== undefined && next === this.#owner.playing()) {
      this.taken();
      return;
    }
    this.#end();
    if (next !== undefined) this.#owner.drop(next);
  }

  async #look(): Promise<void> {
    const attempt = ++this.#attempts;
    const old = this.#owner.playing();
    const isShorter = old !== undefined && (await this.#owner.look(old));
    if (attempt !== this.#attempts) return;
    this.#timer = undefined;
    if (!isShorter || this.#owner.playing() !== old) return;
    this.#old = old;
    this.#next = this.#owner.add();
    this.#timer = this.#owner.clock.after(LIMIT_MS, () => this.stop());
    this.#next.start();
  }

  #end(): void {
    this.#attempts++;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#old = undefined;
    this.#next = undefined;
  }
}
