import type { Clock, Timer } from "../../base/clock.ts";
import type { LiveSource } from "./source.ts";

/** Maximum number of publishers that wait for one name; others are refused at once. */
const MAX_WAITING = 16;
/** After this time, input that the peer sent before the request has been read. */
const READ_MS = 50;

/** A publisher that waits for a busy name; called once, with whether it gets the name. */
type Waiting = (won: boolean) => void;

/** The source that has the name. */
type Holder = Pick<LiveSource, "events" | "lastMediaAt" | "maxPauseMs" | "mayBeGone">;

/** What a takeover needs of the stream's sources. */
interface TakeoverOwner {
  /** An active source that sends no media for this many ms is silent. */
  readonly config: { readonly switch_after: number };
}

/**
 * Publishers that want a name whose connection may be half-open: the cable was pulled, and the encoder is back on another
 * connection. The old publisher keeps the name if it sends anything; otherwise the first waiting publisher gets it.
 */
export class PublishTakeover {
  readonly #owner: TakeoverOwner;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #waiting: Waiting[] = [];
  #limit: Timer | undefined;
  #reading: Timer | undefined;

  /** `changed` is called when publishers begin or cease to wait. */
  constructor(owner: TakeoverOwner, clock: Clock, changed: () => void) {
    this.#owner = owner;
    this.#clock = clock;
    this.#changed = changed;
  }

  get open(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Waits for the name of the active source, which may be gone: its unread input is read first, then it is probed. False if it is
   * alive, or if too many wait.
   */
  join(active: Holder, waiting: Waiting): boolean {
    const unread = this.#reading !== undefined || (active.events.unread?.() ?? false);
    if (!unread && !active.mayBeGone(this.#clock.now())) return false;
    if (this.#waiting.length === MAX_WAITING) return false;
    this.#waiting.push(waiting);
    // Publishers that wait already keep their deadline.
    this.#limit ??= this.#clock.after(this.#probeTimeout(active), () => this.decide());
    if (unread) this.#read(active);
    else active.events.probe?.();
    this.#changed();
    return true;
  }

  /** Waits until earlier input has been read. That input is no sign of life: it may end with an unpublish. */
  #read(active: Holder): void {
    this.#reading ??= this.#clock.after(READ_MS, () => {
      this.#reading = undefined;
      if (active.mayBeGone(this.#clock.now())) active.events.probe?.();
      else this.cancel();
    });
  }

  /** The time for the answer to a probe: at least as long as the source's longest pause. */
  #probeTimeout({ lastMediaAt, maxPauseMs }: Holder): number {
    return Math.max(this.#owner.config.switch_after, lastMediaAt + maxPauseMs - this.#clock.now());
  }

  /** Stops waiting. */
  leave(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (!this.open) this.#end();
    this.#changed();
  }

  /** The name's publisher is alive. */
  cancel(): void {
    if (this.#reading !== undefined) return;
    for (const waiting of this.#end()) waiting(false);
    this.#changed();
  }

  /** The name's publisher is gone or silent: the first waiting publisher gets the name, the others are refused. */
  decide(): void {
    for (const [at, waiting] of this.#end().entries()) waiting(at === 0);
  }

  #end(): Waiting[] {
    this.#limit?.cancel();
    this.#limit = undefined;
    this.#reading?.cancel();
    this.#reading = undefined;
    return this.#waiting.splice(0);
  }
}
