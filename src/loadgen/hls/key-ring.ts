import type { HlsTotals } from "./totals.ts";

/** Maximum number of keys that are kept: those of a playlist and some before. */
const MAX_KEYS = 32;

/** The keys of one viewer by their URLs, each fetched once, whichever track needs it first. */
export class KeyRing {
  readonly #totals: HlsTotals;
  readonly #keys = new Map<string, Uint8Array>();
  /** Keys that a track is fetching, with what the other tracks do afterwards. */
  readonly #fetching = new Map<string, (() => void)[]>();

  constructor(totals: HlsTotals) {
    this.#totals = totals;
  }

  /** The key of a URL; undefined while it is not there. */
  get(url: string): Uint8Array | undefined {
    return this.#keys.get(url);
  }

  /** Whether another track is fetching the key; `then` is called once it has ended. */
  awaits(url: string, then: () => void): boolean {
    const waiting = this.#fetching.get(url);
    waiting?.push(then);
    return waiting !== undefined;
  }

  /** The calling track fetches the key. */
  fetches(url: string): void {
    this.#fetching.set(url, []);
  }

  /** The fetch has ended; without a key if it failed. */
  ended(url: string, key: Uint8Array | undefined): void {
    const waiting = this.#fetching.get(url) ?? [];
    this.#fetching.delete(url);
    if (key !== undefined) this.#add(url, key);
    for (const then of waiting) then();
  }

  #add(url: string, key: Uint8Array): void {
    this.#totals.keys++;
    this.#keys.set(url, key);
    const [oldest = ""] = this.#keys.keys();
    if (this.#keys.size > MAX_KEYS) this.#keys.delete(oldest);
  }
}
