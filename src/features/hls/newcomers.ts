import { siteName } from "../../base/network.ts";

/** Viewers of one address at a time who have a first playlist only: players follow its link at once. */
export const MAX_NEWCOMERS = 256;

/**
 * Viewers who have a first playlist and have not followed its link, by address (a /64 network of IPv6), so that one client's requests do not
 * take the places of all.
 */
export class Newcomers<T> {
  readonly #bySite = new Map<string, Set<T>>();

  /** Adds one. Returns who is to give way: the one of the same address that came first, when there are too many. */
  add(host: string, viewer: T): T | undefined {
    const site = siteName(host);
    let all = this.#bySite.get(site);
    if (all === undefined) {
      all = new Set();
      this.#bySite.set(site, all);
    }
    all.add(viewer);
    return all.size > MAX_NEWCOMERS ? all.values().next().value : undefined;
  }

  /** It has followed the link, or is gone. */
  remove(host: string, viewer: T): void {
    const site = siteName(host);
    const all = this.#bySite.get(site);
    all?.delete(viewer);
    if (all?.size === 0) this.#bySite.delete(site);
  }
}
