const BUCKET_MS = 5000;
/** Buckets that are kept: five minutes. */
const MAX_BUCKETS = 61;
/** Fewer say nothing. */
const MIN_BUCKETS = 4;
/** Drift that a jitter of the network may look like, ms, and per ms of the time that is looked at. */
const JITTER_MS = 200;
const SLOPE = 0.001;
/** The share of the whole that each half of the time must have: a step is no drift. */
const HALF_SHARE = 0.25;

/** How far a stream's time was ahead of our clock, ms, at the best moment of a few seconds. */
interface Lead {
  readonly at: number;
  readonly ms: number;
}

/**
 * How much faster or slower an encoder's clock is than ours. Packets are late by the network's jitter, never early: of each few
 * seconds, the packet that is furthest ahead counts.
 */
export class ClockDrift {
  #leads: Lead[] = [];
  #best = Number.NEGATIVE_INFINITY;
  #bucketAt: number | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** The first bucket has the burst with which a source begins. */
  #begun = false;

  /** The stream's time has jumped, or another source goes on with it. */
  reset(): void {
    this.#leads = [];
    this.#best = Number.NEGATIVE_INFINITY;
    this.#bucketAt = undefined;
    this.#begun = false;
  }

  /** The newest packet's time, and when it came, monotonic ms. */
  add(time: number, at: number): void {
    if (at === this.#lastAt) return;
    this.#lastAt = at;
    this.#bucketAt ??= at;
    this.#best = Math.max(this.#best, time - at);
    if (at - this.#bucketAt < BUCKET_MS) return;
    if (this.#begun) this.#leads.push({ at, ms: this.#best });
    if (this.#leads.length > MAX_BUCKETS) this.#leads.shift();
    this.#begun = true;
    this.#bucketAt = at;
    this.#best = Number.NEGATIVE_INFINITY;
  }

  /** The encoder's clock against ours, ms in each ms: positive, it is fast. 0 while it is not clearly either. */
  get rate(): number {
    const first = this.#leads[0];
    const middle = this.#leads[this.#leads.length >> 1];
    const last = this.#leads.at(-1);
    if (this.#leads.length < MIN_BUCKETS || first === undefined || middle === undefined || last === undefined) return 0;
    const all = last.ms - first.ms;
    const span = last.at - first.at;
    const isSteady = Math.min((middle.ms - first.ms) / all, (last.ms - middle.ms) / all) >= HALF_SHARE;
    return Math.abs(all) > JITTER_MS + SLOPE * span && isSteady ? all / span : 0;
  }
}
