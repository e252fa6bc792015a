import type { Clock } from "../../base/clock.ts";
import { contains, formatNetwork, parseIp, siteOf } from "../../base/network.ts";
import type { AddressLimits } from "./config.ts";

/** Sites whose rate is remembered; those that connected longest ago are forgotten first. About 6 MB. */
const MAX_RATES = 65_536;
/** Old sites are removed after each such number of new ones. */
const BATCH = 64;
const MINUTE_MS = 60_000;

/** Why a connection is refused: the limit's key and a sentence. */
export interface TooMany {
  readonly rule: "max_connections_per_address" | "max_connects_per_minute";
  readonly reason: string;
}

/** Counts the connections of each site. A customer has at least a /64 network of IPv6, which counts as one site. */
export class ConnectionLimiter {
  readonly #clock: Clock;
  readonly #limits: () => AddressLimits;
  /** Connections by site; sites without connections are removed. */
  readonly #open = new Map<string, number>();
  /** By site, the time up to which its rate is used up; in the order of the sites' newest connections. */
  readonly #usedUntil = new Map<string, number>();
  /** Have come since some were forgotten. */
  #notForgotten = 0;
  #rate = 0;

  constructor(clock: Clock, limits: () => AddressLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Counts a connection from `host` until `release`, or returns why it is refused. */
  acquire(host: string): TooMany | undefined {
    const site = siteName(host);
    const limits = this.#limits();
    const open = this.#open.get(site) ?? 0;
    const tooMany = isExempt(limits, host) ? undefined : this.#problem(limits, site, open);
    if (tooMany === undefined) this.#open.set(site, open + 1);
    return tooMany;
  }

  /** A connection that was counted is gone. */
  release(host: string): void {
    const site = siteName(host);
    const open = (this.#open.get(site) ?? 0) - 1;
    if (open > 0) this.#open.set(site, open);
    else this.#open.delete(site);
  }

  /** Entries in memory. */
  get size(): number {
    return this.#open.size + this.#usedUntil.size;
  }

  #problem(limits: AddressLimits, site: string, open: number): TooMany | undefined {
    const { max_connections_per_address: most, max_connects_per_minute: rate } = limits;
    if (most > 0 && open >= most) {
      return { rule: "max_connections_per_address", reason: `connections from ${site}: ${open}, allowed: ${most}` };
    }
    // Used-up time depends on the rate: after a change of the rate, counting starts afresh.
    if (rate !== this.#rate) this.#usedUntil.clear();
    this.#rate = rate;
    if (rate > 0 && !this.#take(site, rate)) {
      return { rule: "max_connects_per_minute", reason: `more than ${rate} new connections in a minute from ${site}` };
    }
    return undefined;
  }

  /** Each connection uses up its share of a minute; at most a minute can be used up ahead. */
  #take(site: string, rate: number): boolean {
    const now = this.#clock.now();
    const until = Math.max(now, this.#usedUntil.get(site) ?? now) + MINUTE_MS / rate;
    // Sums of fractions are not exact.
    if (until - now > MINUTE_MS + 1e-3) return false;
    this.#usedUntil.delete(site);
    this.#usedUntil.set(site, until);
    this.#forget(now);
    return true;
  }

  /**
   * Forgets two sites for each new one, so that expired ones are soon gone. Finding the oldest takes longer after many
   * deletions, so many are removed at once.
   */
  #forget(now: number): void {
    if (++this.#notForgotten < BATCH && this.#usedUntil.size <= MAX_RATES) return;
    this.#notForgotten = 0;
    const most = MAX_RATES - BATCH;
    let looked = 0;
    for (const [site, until] of this.#usedUntil) {
      if (this.#usedUntil.size <= most && (until > now || looked++ >= 2 * BATCH)) return;
      this.#usedUntil.delete(site);
    }
  }
}

function siteName(host: string): string {
  const address = parseIp(host);
  return address === undefined ? host : formatNetwork(siteOf(address));
}

function isExempt({ exempt }: AddressLimits, host: string): boolean {
  if (exempt.length === 0) return false;
  const address = parseIp(host);
  return address !== undefined && exempt.some((network) => contains(network, address));
}
