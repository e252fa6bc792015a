// Hot: mark runs for each packet of each stream that is watched.
import type { Clock, Timer } from "../base/clock.ts";

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
/** Where `mw_latency` is over, what waits leaves with the packets that come within this share of it. */
const SLACK = 0.1;
/** How much of the longest round is remembered at the next. */
const LONGEST_DECAY = 0.8;

/** What the flusher needs of a stream. */
export interface Flushable {
  readonly config: { readonly mw_latency: number | "auto" };
  /** Set while it waits for its flush; owned by the flusher. */
  queued: boolean;
  /** With a latency of its own: from here on its next packet is flushed as it comes; monotonic ms, owned by the flusher. */
  dueAt: number;
  /** And what waits is flushed here, whatever comes; no later than `dueAt` once that packet is there. */
  flushAt: number;
  /** Hands what has come since the last flush to the fan-outs. */
  beginFlush(): void;
  /** Goes on with the flush until it is done (false) or `until` (monotonic ms) has passed (true: call again). */
  runFlush(until: number): boolean;
}

/**
 * Decides when streams are flushed: with the first packet after `mw_latency` ms, which must not be long in coming, or (`auto`)
 * at the end of the turn in which packets came, then not again until a rest proportional to what the last flush cost.
 */
export class Flusher {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #queued = new Set<Flushable>();
  /** Streams whose flush has begun and goes on in the next slice. */
  readonly #active: Flushable[] = [];
  /** When the round under way began, and how long its slices have taken so far. */
  #began = 0;
  #busyMs = 0;
  /** How long a round has taken of late, at most, with all that others did between its slices. */
  #longestMs = 0;
  /** With `auto`, no flush begins before this (monotonic ms). */
  #restUntil = 0;
  #wake: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #soon = false;
  #running = false;

  /** `onFault` is told what a stream's flush threw: a fault of the program's own, which must not stop the other streams. */
  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** The stream has packets to flush. */
  mark(stream: Flushable): void {
    const latency = stream.config.mw_latency;
    const isFirst = !stream.queued;
    if (isFirst) {
      stream.queued = true;
      this.#queued.add(stream);
      if (latency !== "auto") stream.flushAt = stream.dueAt + latency * SLACK;
    }
    if (latency === "auto") {
      if (isFirst) this.#schedule(this.#restUntil);
    } else if (stream.flushAt > stream.dueAt && this.#clock.now() >= stream.dueAt) {
      stream.flushAt = stream.dueAt;
      this.#schedule(stream.flushAt);
    } else if (isFirst) {
      this.#schedule(stream.flushAt);
    }
  }

  /**
   * For how many ms packets of the stream that come would not be flushed. With a latency of its own a little longer, so that
   * what is read at the end of that is flushed at once.
   */
  untilFlush(stream: Flushable): number {
    const latency = stream.config.mw_latency;
    const at = latency === "auto" ? this.#restUntil : stream.dueAt + (latency * SLACK) / 2;
    return Math.max(0, at - this.#clock.now());
  }

  /** Flushes a stream whole, at once: its readers are about to be told something that must not overtake its packets. */
  flushNow(stream: Flushable): void {
    if (this.#queued.delete(stream)) stream.queued = false;
    const at = this.#active.indexOf(stream);
    if (at >= 0) {
      this.#active.splice(at, 1);
      this.#go(stream, Number.POSITIVE_INFINITY);
    }
    if (this.#begun(stream)) this.#go(stream, Number.POSITIVE_INFINITY);
  }

  /** Goes on with what is due, in the middle of a turn of the event loop that others hold up. */
  goOn(): void {
    if (!this.#running) this.#run();
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

  #schedule(dueAt: number): void {
    const delay = dueAt - this.#clock.now();
    if (delay <= 0) {
      if (this.#soon) return;
      this.#soon = true;
      this.#clock.soon(() => {
        this.#soon = false;
        this.#run();
      });
    } else if (dueAt < this.#wakeAt) {
      this.#cancelWake();
      this.#wakeAt = dueAt;
      this.#wake = this.#clock.after(delay, () => {
        this.#wakeAt = Number.POSITIVE_INFINITY;
        // A publisher that is left unread until about now is read in between, though the loop was held up and both are late.
        const now = this.#clock.now();
        this.#clock.soon(() => this.#clock.soon(() => this.#run(now)));
      });
    }
  }

  #cancelWake(): void {
    this.#wake?.cancel();
    this.#wakeAt = Number.POSITIVE_INFINITY;
  }

  /** What waits without a packet that would bring it along is flushed if that was due at `timed`. */
  #run(timed = Number.NEGATIVE_INFINITY): void {
    const from = this.#clock.now();
    if (this.#active.length === 0 && !this.#begin(from, timed)) {
      this.#scheduleNext();
      return;
    }
    this.#running = true;
    const heldUp = from - this.#began - this.#busyMs >= HELD_UP_MS;
    const until = from + (heldUp ? 2 * SLICE_MS : SLICE_MS);
    while (this.#active.length > 0) {
      const stream = this.#active[this.#active.length - 1];
      if (stream !== undefined && this.#go(stream, until)) break;
      this.#active.pop();
      if (this.#clock.now() >= until) break;
    }
    this.#running = false;
    const now = this.#clock.now();
    this.#busyMs += now - from;
    if (this.#active.length > 0) {
      this.#schedule(now);
      return;
    }
    // A flush of a stream with a latency of its own must not cut the others' rest short.
    // Time that others took between the slices was rest already: readers must not wait for both.
    // Nor must who is served last wait longer than the others, where the next round is held up as those before were.
    this.#longestMs = Math.max(now - this.#began, this.#longestMs * LONGEST_DECAY);
    const most = MAX_PERIOD_MS - Math.min(MAX_EARLIER_MS, this.#longestMs - this.#busyMs);
    const period = Math.max(this.#busyMs * LEAST_FACTOR, Math.min(most, this.#busyMs * PERIOD_FACTOR));
    this.#restUntil = Math.max(this.#restUntil, this.#began + period);
    this.#scheduleNext();
  }

  /** Begins a round of all streams that are due; false when none is. */
  #begin(now: number, timed: number): boolean {
    this.#began = now;
    this.#busyMs = 0;
    for (const stream of this.#queued) {
      const latency = stream.config.mw_latency;
      const { flushAt, dueAt } = stream;
      if (latency === "auto" ? this.#restUntil > now : flushAt > (flushAt > dueAt ? timed : now)) continue;
      this.#queued.delete(stream);
      stream.queued = false;
      // Bursts of a relay, as far apart, drift: whoever has waited for the next one in vain is early for it the next time.
      if (latency !== "auto") stream.dueAt = (flushAt > dueAt ? dueAt : now) + latency;
      if (this.#begun(stream)) this.#active.push(stream);
    }
    return this.#active.length > 0;
  }

  #scheduleNext(): void {
    let next = Number.POSITIVE_INFINITY;
    const later = this.#clock.now() + 1;
    for (const stream of this.#queued) {
      const { flushAt, dueAt } = stream;
      const at = flushAt > dueAt ? Math.max(flushAt, later) : flushAt;
      next = Math.min(next, stream.config.mw_latency === "auto" ? this.#restUntil : at);
    }
    // What it was for has been flushed with a packet: it would wake the process for nothing.
    if (this.#wakeAt < next) this.#cancelWake();
    if (next < Number.POSITIVE_INFINITY) this.#schedule(next);
  }
}
