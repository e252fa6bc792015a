import type { Origin } from "./origin.ts";

/** More streams than this are not remembered; those that were found longest ago are forgotten first. */
const MAX_STREAMS = 10_000;
/** Longer keys are not remembered: memory is bounded by bytes, too. */
const MAX_KEY = 512;

/** Which origin had a stream that others did not have, so that the next viewer need not wait for their silence again. */
export class StreamPlaces {
  readonly #places = new Map<string, Origin>();

  /** The origin that had the stream; undefined when it was found where it was looked for first. */
  of(key: string): Origin | undefined {
    return this.#places.get(key);
  }

  /** The origin has the stream, and another one has not. */
  found(key: string, origin: Origin): void {
    this.#places.delete(key);
    if (key.length > MAX_KEY) return;
    for (const oldest of this.#places.keys()) {
      if (this.#places.size < MAX_STREAMS) break;
      this.#places.delete(oldest);
    }
    this.#places.set(key, origin);
  }

  /** The origin does not have the stream any more. */
  gone(key: string, origin: Origin): void {
    if (this.#places.get(key) === origin) this.#places.delete(key);
  }
}
