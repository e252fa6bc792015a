import { siteName } from "../../base/network.ts";

/** Maximum number of an address's viewers that have not followed their first playlist's link: players follow it at once. */
export const MAX_NEWCOMERS = 256;

/**
 * Viewers that have a first playlist and have not followed its link, by address (a /64 network of IPv6), so that one client's requests
 * can't use up the server's sessions.
 */
export class Newcomers<T> {
  readonly #bySite = new Map<string, Set<T>>();

  /** Adds a viewer. Returns the oldest one of the same address when there are too many: its session has to end. */
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

  /** The viewer has followed the link, or is gone. */
  remove(host: string, viewer: T): void {
    const site = siteName(host);
    const all = this.#bySite.get(site);
    all?.delete(viewer);
    if (all?.size === 0) this.#bySite.delete(site);
  }
}
