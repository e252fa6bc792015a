// Hot: mark runs for each packet of each stream that is watched.
import type { Clock, Timer } from "../../base/clock.ts";

/** The event loop is not held longer than about this at a stretch; accepting, reading and pings go on between. */
const SLICE_MS = 8;
/** In a round that others have held up for so long, slices are twice as long. */
const HELD_UP_MS = 20;
/** With `auto`, flushes begin no further apart than this, unless they take most of it themselves. */
const MAX_PERIOD_MS = 350;
/** With `auto`, flushes begin this many times as far apart as one takes: fan-out keeps to a third of a core. */
const PERIOD_FACTOR = 3;
/** And at least this many times: even where it is too much for the machine, the rest gets a third of a core. */
const LEAST_FACTOR = 1.5;
/** So much earlier at most they begin while others hold them up: more often costs more. */
const MAX_EARLIER_MS = 100;
/** How much of the longest round is remembered at the next. */
const LONGEST_DECAY = 0.8;

/** What the flusher needs of a stream. */
export interface Flushable {
  readonly config: { readonly mw_latency: number | "auto" };
  /** Set while it waits for its flush; owned by the flusher. */
  queued: boolean;
  /** With a latency of its own, no flush begins before this; monotonic ms, owned by the flusher. */
  dueAt: number;
  /** With a latency of its own, runs its flush at `dueAt`; owned by the flusher. */
  wake: Timer | undefined;
  /** Hands what has come since the last flush to the fan-outs. */
  beginFlush(): void;
  /** Goes on with the flush until it is done (false) or `until` (monotonic ms) has passed (true: call again). */
  runFlush(until: number): boolean;
}

/**
 * Decides when streams are flushed: at the end of the turn in which packets came, then not again for `mw_latency` ms, or
 * (`auto`) until a rest that is proportional to what the last round of flushes cost.
 */
export class Flusher {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  /** Streams with `auto` that have packets. */
  readonly #auto = new Set<Flushable>();
  /** Streams with a latency of their own that have packets and are due. */
  readonly #due = new Set<Flushable>();
  /** Streams whose flush has begun and goes on in the next slice. */
  readonly #active: Flushable[] = [];
  /** When the round under way began, and how long its slices have taken so far. */
  #began = 0;
  #busyMs = 0;
  /** How long a round has taken of late, at most, with all that others did between its slices. */
  #longestMs = 0;
  /** With `auto`, no flush begins before this (monotonic ms). */
  #restUntil = 0;
  /** Runs the next round of those with `auto`. */
  #wake: Timer | undefined;
  #soon = false;

  /** `onFault` is told what a stream's flush threw: a fault of the program's own, which must not stop the other streams. */
  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** The stream has packets to flush. */
  mark(stream: Flushable): void {
    if (stream.queued) return;
    stream.queued = true;
    if (stream.config.mw_latency === "auto") {
      this.#auto.add(stream);
      this.#scheduleAuto();
      return;
    }
    const delay = stream.dueAt - this.#clock.now();
    if (delay <= 0) this.#markDue(stream);
    else stream.wake = this.#clock.after(delay, () => this.#markDue(stream));
  }

  #markDue(stream: Flushable): void {
    this.#due.add(stream);
    this.#runSoon();
  }

  /** Flushes a stream whole, at once: its readers are about to be told something that must not overtake its packets. */
  flushNow(stream: Flushable): void {
    this.#unqueue(stream);
    const at = this.#active.indexOf(stream);
    if (at >= 0) {
      this.#active.splice(at, 1);
      this.#go(stream, Number.POSITIVE_INFINITY);
    }
    if (this.#begun(stream)) this.#go(stream, Number.POSITIVE_INFINITY);
  }

  #unqueue(stream: Flushable): void {
    stream.queued = false;
    stream.wake?.cancel();
    stream.wake = undefined;
    this.#auto.delete(stream);
    this.#due.delete(stream);
  }

  #begun(stream: Flushable): boolean {
    try {
      stream.beginFlush();
      return true;
    } catch (error) {
      this.#onFault(error);
      return false;
    }
  }

  /** Goes on with a flush; false when it is done, or broken. */
  #go(stream: Flushable, until: number): boolean {
    try {
      return stream.runFlush(until);
    } catch (error) {
      this.#onFault(error);
      return false;
    }
  }

  #runSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#clock.soon(() => {
      this.#soon = false;
      this.#run();
    });
  }

  /** Sees to it that streams with `auto` are flushed once their rest is over. */
  #scheduleAuto(): void {
    if (this.#auto.size === 0 || this.#wake !== undefined) return;
    const delay = this.#restUntil - this.#clock.now();
    if (delay <= 0) {
      this.#runSoon();
      return;
    }
    this.#wake = this.#clock.after(delay, () => {
      this.#wake = undefined;
      this.#runSoon();
    });
  }

  #run(): void {
    const from = this.#clock.now();
    if (this.#active.length === 0 && !this.#begin(from)) {
      this.#scheduleAuto();
      return;
    }
    const heldUp = from - this.#began - this.#busyMs >= HELD_UP_MS;
    const until = from + (heldUp ? 2 * SLICE_MS : SLICE_MS);
    while (this.#active.length > 0) {
      const stream = this.#active[this.#active.length - 1];
      if (stream !== undefined && this.#go(stream, until)) break;
      this.#active.pop();
      if (this.#clock.now() >= until) break;
    }
    const now = this.#clock.now();
    this.#busyMs += now - from;
    if (this.#active.length > 0) {
      this.#runSoon();
      return;
    }
    // The rest counts from the round's beginning: time that others took between its slices was rest already.
    // Rounds that others hold up begin earlier, so that the readers served last don't wait longer than the period.
    this.#longestMs = Math.max(now - this.#began, this.#longestMs * LONGEST_DECAY);
    const most = MAX_PERIOD_MS - Math.min(MAX_EARLIER_MS, this.#longestMs - this.#busyMs);
    const period = Math.max(this.#busyMs * LEAST_FACTOR, Math.min(most, this.#busyMs * PERIOD_FACTOR));
    // A flush of a stream with a latency of its own must not cut the others' rest short.
    this.#restUntil = Math.max(this.#restUntil, this.#began + period);
    if (this.#due.size > 0) this.#runSoon();
    this.#scheduleAuto();
  }

  /** Begins a round of all streams that are due; false when none is. */
  #begin(now: number): boolean {
    this.#began = now;
    this.#busyMs = 0;
    for (const stream of this.#due) {
      const latency = stream.config.mw_latency;
      if (latency !== "auto") stream.dueAt = now + latency;
      this.#beginFlush(stream);
    }
    if (this.#restUntil <= now) for (const stream of this.#auto) this.#beginFlush(stream);
    return this.#active.length > 0;
  }

  #beginFlush(stream: Flushable): void {
    this.#unqueue(stream);
    if (this.#begun(stream)) this.#active.push(stream);
  }
}
