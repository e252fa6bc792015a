import type { Clock, Timer } from "../../base/clock.ts";
import type { Upstream } from "./upstream.ts";

/** A shorter way is searched for this long (ms) after the way became longer, times 1 to 2 at random: other streams move first. */
const SETTLE_MS = 2000;
/** A source by a shorter way must take over within this time, ms: it must be steady for 10 s, and have a key frame. */
const LIMIT_MS = 30_000;

/** What a change to a shorter way needs of the fetched stream. */
export interface ShortcutOwner {
  readonly clock: Clock;
  readonly randomNumber: () => number;
  /** The connection from which the stream comes now. */
  playing(): Upstream | undefined;
  /**
   * Asks the nodes again, and returns whether the stream passes fewer servers on its way to one of them than to this connection's
   * origin.
   */
  look(upstream: Upstream): Promise<boolean>;
  /** Opens another connection, whose source takes over when it is steady. */
  add(): Upstream;
  /** Ends a connection; the stream continues from the others. */
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
  /** The connection from which the stream comes now, and the connection that is to take over. */
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

  /** The stream now comes through other servers, several of them. */
  longer(): void {
    if (this.#timer !== undefined) return;
    const { clock, randomNumber } = this.#owner;
    this.#timer = clock.after(SETTLE_MS * (1 + randomNumber()), () => void this.#look());
  }

  /** The other connection has taken over. */
  taken(): void {
    const old = this.#old;
    this.#end();
    if (old !== undefined) this.#owner.drop(old);
  }

  /** The other connection has failed, or the stream is no longer fetched. */
  stop(): void {
    const next = this.#next;
    // The other connection's source became active, as the first connection had lost the stream.
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
