import type { Clock, Timer } from "../../src/base/clock.ts";

/** A timer of one clock, though another one may run it. */
class Pending implements Timer {
  at: number;
  order: number;
  readonly periodMs: number | undefined;
  readonly run: () => void;
  readonly #owner: FakeClock;
  #waits = true;

  constructor(at: number, order: number, periodMs: number | undefined, run: () => void, owner: FakeClock) {
    this.at = at;
    this.order = order;
    this.periodMs = periodMs;
    this.run = run;
    this.#owner = owner;
    owner.timers++;
  }

  get waits(): boolean {
    return this.#waits && !this.#owner.isOver;
  }

  cancel(): void {
    if (this.#waits) this.#owner.timers--;
    this.#waits = false;
  }
}

/** More turns without time passing than any test needs: two parts of the program wake each other for ever. */
const MOST_TURNS = 100_000;

/** Time that passes only when a test says so. Timers run in the order of their times, those of one time in the order made. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  /** A binary heap, the next one first; those that were cancelled stay in it until they are next. */
  readonly #timers: Pending[] = [];
  /** Number of waiting timers, without the calls that `soon` was given. */
  timers = 0;
  /** Whether its program has ended, so that its timers don't run. */
  isOver = false;
  #soon: (() => void)[] = [];
  readonly #epoch: number;

  /** `epoch` is the wall clock's time at the beginning. */
  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.add(delayMs, undefined, run, this);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.add(periodMs, periodMs, run, this);
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Work that waits for the end of the turn. */
  get turns(): number {
    return this.#soon.length;
  }

  /** Time passes while something runs: nothing else runs meanwhile. */
  spend(ms: number): void {
    this.#now += ms;
  }

  /** Ends the turn: runs what `soon` was given, but not what that gives it in turn. */
  turn(): void {
    const due = this.#soon;
    this.#soon = [];
    for (const run of due) run();
  }

  /** Runs what waits for promises that have settled; a test that sets it needs no turns of the event loop for them. */
  drain: () => void = () => undefined;

  /** Ends turns until nothing more is to be done now. */
  settle(): void {
    this.drain();
    for (let turns = 0; this.#soon.length > 0; turns++) {
      if (turns === MOST_TURNS) throw new Error("the program never comes to rest");
      this.turn();
      this.drain();
    }
  }

  /** Lets time pass; each timer runs at its time. */
  advance(ms: number): void {
    const until = this.#now + ms;
    this.settle();
    for (let next = this.#next(); next !== undefined && next.at <= until; next = this.#next()) {
      this.#now = Math.max(this.#now, next.at);
      if (next.periodMs === undefined) next.cancel();
      else {
        next.at += next.periodMs;
        next.order = this.#order++;
        this.#sink();
      }
      next.run();
      this.settle();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Lets time pass until no timer waits; fails when that takes longer than `limitMs`, as it does with `every`. */
  runUntilIdle(limitMs = 3_600_000): void {
    const until = this.#now + limitMs;
    this.settle();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (next.at > until) throw new Error(`a timer still waits after ${limitMs} ms`);
      this.advance(Math.max(0, next.at - this.#now));
    }
  }

  /** A timer that this clock runs for its owner. */
  add(delayMs: number, periodMs: number | undefined, run: () => void, owner: FakeClock): Timer {
    const timer = new Pending(this.#now + Math.max(0, delayMs), this.#order++, periodMs, run, owner);
    this.#rise(timer);
    return timer;
  }

  #next(): Pending | undefined {
    let next = this.#timers[0];
    for (; next !== undefined && !next.waits; next = this.#timers[0]) this.#sink();
    return next;
  }

  /** Adds a timer at the heap's end, and moves it up to its place. */
  #rise(timer: Pending): void {
    const timers = this.#timers;
    let at = timers.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = timers[above] as Pending;
      if (!isBefore(timer, other)) break;
      timers[at] = other;
      at = above;
    }
    timers[at] = timer;
  }

  /** Moves the first timer down to its place, or, when it waits no more, the last one from there. */
  #sink(): void {
    const timers = this.#timers;
    const first = timers[0] as Pending;
    const timer = first.waits ? first : (timers.pop() as Pending);
    if (timers.length === 0) return;
    let at = 0;
    for (let below = 1; below < timers.length; below = 2 * at + 1) {
      const right = below + 1;
      if (right < timers.length && isBefore(timers[right] as Pending, timers[below] as Pending)) below = right;
      const other = timers[below] as Pending;
      if (!isBefore(other, timer)) break;
      timers[at] = other;
      at = below;
    }
    timers[at] = timer;
  }
}

function isBefore(one: Pending, other: Pending): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
