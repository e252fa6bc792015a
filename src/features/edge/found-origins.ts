import type { Origin } from "./origin.ts";

/** Maximum number of streams; those found longest ago are forgotten first. */
const MAX_STREAMS = 10_000;
/** Longer keys are not stored: memory is bounded by bytes, too. */
const MAX_KEY = 512;

/** Remembers which origin had a stream that others did not have, so that the next viewer need not wait for the others. */
export class FoundOrigins {
  readonly #foundOrigins = new Map<string, Origin>();

  /** The origin that had the stream; undefined when the first origin asked had it. */
  of(key: string): Origin | undefined {
    return this.#foundOrigins.get(key);
  }

  /** This origin has the stream, and another one does not. */
  found(key: string, origin: Origin): void {
    this.#foundOrigins.delete(key);
    if (key.length > MAX_KEY) return;
    for (const oldest of this.#foundOrigins.keys()) {
      if (this.#foundOrigins.size < MAX_STREAMS) break;
      this.#foundOrigins.delete(oldest);
    }
    this.#foundOrigins.set(key, origin);
  }

  /** The origin no longer has the stream. */
  gone(key: string, origin: Origin): void {
    if (this.#foundOrigins.get(key) === origin) this.#foundOrigins.delete(key);
  }
}
