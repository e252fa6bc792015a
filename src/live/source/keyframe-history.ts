/** Maximum number of remembered key frames. A source that lags by more is not recognised. */
const KEYS = 16;
/**
 * Dates of one picture, from servers that an encoder publishes to at once, differ by less than this, ms: by their clocks, and by when
 * its connections began. An encoder that begins again sooner than this is not told from one that comes by another path.
 */
const SAME_DATE_MS = 3000;
/** Number of bytes of a payload, spread over all of it, that make its fingerprint. */
const SAMPLES = 1024;

/** A number that differs for two different key frames of one length, as compressed pictures differ everywhere. */
export function fingerprint(payload: Uint8Array): number {
  const step = Math.max(1, Math.floor(payload.length / SAMPLES));
  let hash = 0x811c9dc5;
  for (let at = payload.length - 1; at >= 0; at -= step) hash = Math.imul(hash ^ (payload[at] ?? 0), 0x01000193);
  return (payload.length % 2 ** 20) * 2 ** 32 + (hash >>> 0);
}

/**
 * The newest key frames of a source. They identify its stream when that arrives by another path. Their dates tell it from an encoder
 * that sends the same file again: all else is equal then.
 */
export class KeyframeHistory {
  readonly #times: number[] = [];
  readonly #prints: number[] = [];
  readonly #dates: (number | undefined)[] = [];
  /** Whether the oldest key frame is the source's first. */
  #whole = true;

  /** Time of the newest key frame; undefined before the first. */
  get newest(): number | undefined {
    return this.#times.at(-1);
  }

  /** Distance of the two newest key frames, ms; 0 while there are fewer than two. */
  get gopMs(): number {
    const [last, before] = [this.#times.at(-1), this.#times.at(-2)];
    return last === undefined || before === undefined ? 0 : Math.max(0, (last - before) | 0);
  }

  /** `date`: when the first server received it, Unix ms; undefined: unknown. */
  add(time: number, print: number, date: number | undefined): void {
    if (this.#times.length === KEYS) {
      this.#times.shift();
      this.#prints.shift();
      this.#dates.shift();
      this.#whole = false;
    }
    this.#times.push(time);
    this.#prints.push(print);
    this.#dates.push(date);
  }

  /** Whether a key frame with this fingerprint and date was at `time`; `placed` converts each remembered time first. */
  has(
    time: number,
    print: number,
    date: number | undefined,
    placed: (time: number) => number = (same) => same,
  ): boolean {
    for (let at = this.#times.length - 1; at >= 0; at--)
      if (this.#prints[at] === print && placed(this.#times[at] ?? Number.NaN) === time)
        return isNear(this.#dates[at], date);
    return false;
  }

  /** Whether the source began with the key frame at `time`. */
  beganAt(time: number): boolean {
    return this.#whole && this.#times[0] === time;
  }

  clear(): void {
    this.#times.length = 0;
    this.#prints.length = 0;
    this.#dates.length = 0;
    this.#whole = true;
  }
}

function isNear(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || Math.abs(a - b) < SAME_DATE_MS;
}
