import type { Clock } from "../../base/clock.ts";
import { contains, parseIp, siteName } from "../../base/network.ts";
import { AddressRate } from "./address-rate.ts";
import type { AddressLimits } from "./config.ts";

/** Why a connection or a request is refused: the limit's key and a sentence. */
export interface TooMany {
  readonly rule: "max_connections_per_address" | "max_connects_per_minute" | "max_requests_per_minute";
  readonly reason: string;
}

/** Counts the connections of each site. A customer has at least a /64 network of IPv6, which counts as one site. */
export class ConnectionLimiter {
  readonly #limits: () => AddressLimits;
  /** Connections by site; sites without connections are removed. */
  readonly #open = new Map<string, number>();
  readonly #connects: AddressRate;
  readonly #requests: AddressRate;

  constructor(clock: Clock, limits: () => AddressLimits) {
    this.#limits = limits;
    this.#connects = new AddressRate(clock);
    this.#requests = new AddressRate(clock);
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

  /** Counts a request from `host`, or returns why it is refused. */
  countRequest(host: string): TooMany | undefined {
    const limits = this.#limits();
    const rate = limits.max_requests_per_minute;
    // The address is parsed only if there is a limit.
    if (rate > 0 && isExempt(limits, host)) return undefined;
    const site = rate === 0 ? "" : siteName(host);
    if (this.#requests.take(site, rate)) return undefined;
    return { rule: "max_requests_per_minute", reason: `more than ${rate} requests in a minute from ${site}` };
  }

  /** Entries in memory. */
  get size(): number {
    return this.#open.size + this.#connects.size + this.#requests.size;
  }

  #problem(limits: AddressLimits, site: string, open: number): TooMany | undefined {
    const { max_connections_per_address: max, max_connects_per_minute: rate } = limits;
    if (max > 0 && open >= max) {
      return { rule: "max_connections_per_address", reason: `connections from ${site}: ${open}, allowed: ${max}` };
    }
    if (!this.#connects.take(site, rate)) {
      return { rule: "max_connects_per_minute", reason: `more than ${rate} new connections in a minute from ${site}` };
    }
    return undefined;
  }
}

function isExempt({ exempt }: AddressLimits, host: string): boolean {
  if (exempt.length === 0) return false;
  const address = parseIp(host);
  return address !== undefined && exempt.some((network) => contains(network, address));
}
