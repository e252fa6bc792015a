import type { Clock } from "../../base/clock.ts";

/** Maximum number of names; the oldest are forgotten first. */
const MAX_NAMES = 10_000;
/** Longer keys are not stored: memory is bounded by bytes, too. */
const MAX_KEY = 512;

/** Streams that origins lacked or refused a moment ago, by key: they are not requested again at once. Bounded in number and time. */
export class MissingStreams {
  readonly #clock: Clock;
  /** Expiry (monotonic ms) and reason; in insertion order. */
  readonly #until = new Map<string, { readonly until: number; readonly reason: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#until.size;
  }

  /** No origin has the stream: it is not requested again for this time. */
  add(key: string, ttlMs: number, reason = ""): void {
    this.#until.delete(key);
    if (ttlMs <= 0 || key.length > MAX_KEY) return;
    const now = this.#clock.now();
    for (const [name, { until }] of this.#until) {
      if (until > now && this.#until.size < MAX_NAMES) break;
      this.#until.delete(name);
    }
    this.#until.set(key, { until: now + ttlMs, reason });
  }

  /** An origin has the stream. */
  delete(key: string): void {
    this.#until.delete(key);
  }

  /** For how long (ms) the stream still counts as missing; 0 if it doesn't. */
  remainingMs(key: string): number {
    const known = this.#until.get(key);
    return known === undefined ? 0 : Math.max(0, known.until - this.#clock.now());
  }

  /** Why no origin gave the stream a moment ago; undefined when nothing is known. */
  reason(key: string): string | undefined {
    return this.remainingMs(key) > 0 ? this.#until.get(key)?.reason : undefined;
  }
}
