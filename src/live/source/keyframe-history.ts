/** Key frames remembered; a source that lags another by more than these is not known again. */
const KEYS = 16;
/** Bytes of a payload that its print is made of, spread over all of it. */
const SAMPLES = 1024;

/** A number that two different key frames of one length don't share: compressed pictures differ all over. */
export function fingerprint(payload: Uint8Array): number {
  const step = Math.max(1, Math.floor(payload.length / SAMPLES));
  let hash = 0x811c9dc5;
  for (let at = payload.length - 1; at >= 0; at -= step) hash = Math.imul(hash ^ (payload[at] ?? 0), 0x01000193);
  return (payload.length % 2 ** 20) * 2 ** 32 + (hash >>> 0);
}

/** The newest key frames of a source, by which its stream is known again when it comes over another way. */
export class KeyframeHistory {
  readonly #times: number[] = [];
  readonly #prints: number[] = [];

  /** Time of the newest key frame; undefined before the first. */
  get newest(): number | undefined {
    return this.#times.at(-1);
  }

  /** How far the two newest are apart, ms; 0 while there are no two. */
  get gopMs(): number {
    const [last, before] = [this.#times.at(-1), this.#times.at(-2)];
    return last === undefined || before === undefined ? 0 : Math.max(0, (last - before) | 0);
  }

  add(time: number, print: number): void {
    if (this.#times.length === KEYS) {
      this.#times.shift();
      this.#prints.shift();
    }
    this.#times.push(time);
    this.#prints.push(print);
  }

  /** Whether one was at `time`, with that print; `placed` makes the given one's time of each remembered. */
  has(time: number, print: number, placed: (time: number) => number = same): boolean {
    for (let at = this.#times.length - 1; at >= 0; at--)
      if (this.#prints[at] === print && placed(this.#times[at] ?? Number.NaN) === time) return true;
    return false;
  }

  clear(): void {
    this.#times.length = 0;
    this.#prints.length = 0;
  }
}

function same(time: number): number {
  return time;
}
