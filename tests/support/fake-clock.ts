import type { Clock, Timer } from "../../src/base/clock.ts";

interface Pending {
  at: number;
  order: number;
  readonly periodMs: number | undefined;
  readonly run: () => void;
}

/** More turns without time passing than any test needs: two parts of the program wake each other for ever. */
const MOST_TURNS = 100_000;

/** Time that passes only when a test says so. Timers run in the order of their times, those of one time in the order made. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<Pending>();
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
    return this.#add(delayMs, undefined, run);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add(periodMs, periodMs, run);
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Timers that wait, what `soon` was given not counted. */
  get timers(): number {
    return this.#timers.size;
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

  /** Ends turns until nothing more is to be done now. */
  settle(): void {
    for (let turns = 0; this.#soon.length > 0; turns++) {
      if (turns === MOST_TURNS) throw new Error("the program never comes to rest");
      this.turn();
    }
  }

  /** Lets time pass; each timer runs at its time. */
  advance(ms: number): void {
    const until = this.#now + ms;
    this.settle();
    for (let next = this.#next(); next !== undefined && next.at <= until; next = this.#next()) {
      this.#now = Math.max(this.#now, next.at);
      if (next.periodMs === undefined) this.#timers.delete(next);
      else {
        next.at += next.periodMs;
        next.order = this.#order++;
      }
      next.run();
      this.settle();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Time passes while the loop is held up: the timers that are due run in one turn, before what they gave `soon`. */
  holdUp(ms: number): void {
    this.#now += ms;
    for (let next = this.#next(); next !== undefined && next.at <= this.#now; next = this.#next()) {
      if (next.periodMs !== undefined) throw new Error("not for timers that come again");
      this.#timers.delete(next);
      next.run();
    }
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

  #add(delayMs: number, periodMs: number | undefined, run: () => void): Timer {
    const timer: Pending = { at: this.#now + Math.max(0, delayMs), order: this.#order++, periodMs, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers)
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    return next;
  }
}
