// Hot: mark runs for each packet of each stream that is watched.
import type { Clock, Timer } from "../../base/clock.ts";

/** A slice of a round holds the event loop for at most about this long; accepting, reading and pings run between slices. */
const SLICE_MS = 8;
/** When other work has delayed a round by this much, its slices are twice as long. */
const STARVED_MS = 20;
/** With `auto`, flushes begin at most this far apart, unless they take most of that time themselves. */
const MAX_PERIOD_MS = 350;
/** With `auto`, the time between flushes is this many times the duration of one: fan-out takes at most a third of a core. */
const PERIOD_FACTOR = 3;
/** With `auto`, the time is at least this many times one flush: even on an overloaded machine, other work gets a third of a core. */
const MIN_FACTOR = 1.5;
/** Other work makes a flush begin earlier by at most this many ms: more frequent flushes cost more. */
const MAX_EARLIER_MS = 100;
/** The share of the longest round that is remembered at the next. */
const MAX_ROUND_DECAY = 0.8;

/** What the flusher needs of a stream. */
export interface Flushable {
  /** The time between two flushes, ms. */
  readonly latency: number | "auto";
  /** Set while it waits for its flush; owned by the flusher. */
  queued: boolean;
  /** With a fixed latency, no flush begins before this; monotonic ms, owned by the flusher. */
  dueAt: number;
  /** With a fixed latency, runs the flush at `dueAt`; owned by the flusher. */
  wake: Timer | undefined;
  /** Gives the packets since the last flush to the fan-outs. */
  beginFlush(): void;
  /** Continues the flush until it is done (false) or `until` (monotonic ms) has passed (true: call again). */
  runFlush(until: number): boolean;
}

/**
 * Decides when streams are flushed: at the end of the turn in which packets came, then not again for `mw_latency` ms, or
 * (`auto`) for a time proportional to the cost of the last round.
 */
export class Flusher {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  /** Streams with `auto` that have packets. */
  readonly #auto = new Set<Flushable>();
  /** Streams with a fixed latency that have packets and are due. */
  readonly #due = new Set<Flushable>();
  /** Streams whose flush has begun and continues in the next slice. */
  readonly #active: Flushable[] = [];
  /** Start of the round under way, and the time its slices have taken so far. */
  #began = 0;
  #busyMs = 0;
  /** A recent maximum of the time from a round's start to its end, including other work between its slices. */
  #maxRoundMs = 0;
  /** With `auto`, no flush begins before this (monotonic ms). */
  #pauseUntil = 0;
  /** Runs the next round of streams with `auto`. */
  #timer: Timer | undefined;
  #soon = false;
  /** Rounds so far, and the time that all of them took together, ms. */
  readonly totals = { rounds: 0, busyMs: 0 };

  /** `onFault` receives an exception of a stream's flush: a bug, which must not stop the other streams. */
  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** The stream has packets to flush. */
  mark(stream: Flushable): void {
    if (stream.queued) return;
    stream.queued = true;
    if (stream.latency === "auto") {
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

  /** Flushes a stream at once and completely: its readers will get a notification that must not overtake its packets. */
  flushNow(stream: Flushable): void {
    this.#unqueue(stream);
    const at = this.#active.indexOf(stream);
    if (at >= 0) {
      this.#active.splice(at, 1);
      this.#go(stream, Number.POSITIVE_INFINITY);
    }
    if (this.#begun(stream)) this.#go(stream, Number.POSITIVE_INFINITY);
  }

  /** The stream's latency has become shorter: its next flush no longer waits for the end of the longer one. */
  expedite(stream: Flushable): void {
    stream.dueAt = 0;
    if (!stream.queued) return;
    this.#unqueue(stream);
    this.mark(stream);
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

  /** Continues a flush; false when it is done, or has failed. */
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

  /** Schedules the next flush of streams with `auto`. */
  #scheduleAuto(): void {
    if (this.#auto.size === 0 || this.#timer !== undefined) return;
    const delay = this.#pauseUntil - this.#clock.now();
    if (delay <= 0) {
      this.#runSoon();
      return;
    }
    this.#timer = this.#clock.after(delay, () => {
      this.#timer = undefined;
      this.#runSoon();
    });
  }

  #run(): void {
    const from = this.#clock.now();
    if (this.#active.length === 0 && !this.#begin(from)) {
      this.#scheduleAuto();
      return;
    }
    const starved = from - this.#began - this.#busyMs >= STARVED_MS;
    const until = from + (starved ? 2 * SLICE_MS : SLICE_MS);
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
    this.totals.rounds++;
    this.totals.busyMs += this.#busyMs;
    // The pause counts from the round's start: other work between its slices was part of the pause already.
    // Rounds that other work delays begin earlier, so that the readers served last wait no longer than the period.
    this.#maxRoundMs = Math.max(now - this.#began, this.#maxRoundMs * MAX_ROUND_DECAY);
    const max = MAX_PERIOD_MS - Math.min(MAX_EARLIER_MS, this.#maxRoundMs - this.#busyMs);
    const period = Math.max(this.#busyMs * MIN_FACTOR, Math.min(max, this.#busyMs * PERIOD_FACTOR));
    // A flush of a stream with a fixed latency must not shorten the pause of the others.
    this.#pauseUntil = Math.max(this.#pauseUntil, this.#began + period);
    if (this.#due.size > 0) this.#runSoon();
    this.#scheduleAuto();
  }

  /** Begins a round of all streams that are due; false if none is. */
  #begin(now: number): boolean {
    this.#began = now;
    this.#busyMs = 0;
    for (const stream of this.#due) {
      const { latency } = stream;
      if (latency !== "auto") stream.dueAt = now + latency;
      this.#beginFlush(stream);
    }
    if (this.#pauseUntil <= now) for (const stream of this.#auto) this.#beginFlush(stream);
    return this.#active.length > 0;
  }

  #beginFlush(stream: Flushable): void {
    this.#unqueue(stream);
    if (this.#begun(stream)) this.#active.push(stream);
  }
}
