const BUCKET_MS = 5000;
/** Number of buckets that are kept: five minutes. */
const MAX_BUCKETS = 61;
/** Minimum number of buckets for a result. */
const MIN_BUCKETS = 4;
/** Drift up to this sum may be jitter of the network: ms, and ms per ms of the time that is looked at. */
const JITTER_MS = 200;
const SLOPE = 0.001;
/** Minimum share of the drift in each half of the time; a single step is no drift. */
const HALF_SHARE = 0.25;

/** The most that a stream's time was ahead of our clock within a bucket, ms. */
interface Lead {
  readonly at: number;
  readonly ms: number;
}

/**
 * Measures how much faster or slower an encoder's clock is than ours. The network's jitter makes packets late, never early: of each
 * bucket, only the packet that is furthest ahead counts.
 */
export class ClockDrift {
  #leads: Lead[] = [];
  #best = Number.NEGATIVE_INFINITY;
  #bucketAt: number | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** Whether the first bucket is over, which does not count, as sources begin with a burst. */
  #begun = false;

  /** Begins again: the stream's time has jumped, or another source continues it. */
  reset(): void {
    this.#leads = [];
    this.#best = Number.NEGATIVE_INFINITY;
    this.#bucketAt = undefined;
    this.#begun = false;
  }

  /** Adds the newest packet: its timestamp, ms, and when it came, monotonic ms. */
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

  /** The drift of the encoder's clock against ours, ms per ms; positive if it is fast, 0 while there is no clear drift. */
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
