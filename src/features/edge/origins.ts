import type { Clock } from "../../base/clock.ts";
import { type OriginAddress, originIdentity } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import { FoundOrigins } from "./found-origins.ts";
import { Origin, type OriginHealth, type OriginRules } from "./origin.ts";

/** Dependencies of a vhost's origins. */
export interface OriginsContext {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly randomNumber: () => number;
  onHealth(origin: Origin, health: OriginHealth): void;
}

/** The origins of one vhost, and the choice of the next one. */
export class Origins {
  readonly #context: OriginsContext;
  readonly #origins = new Map<string, Origin>();
  readonly #rules: OriginRules;
  /** Where streams were found. */
  readonly foundOrigins = new FoundOrigins();
  #config: EdgeConfig;
  #turn = 0;

  constructor(context: OriginsContext, config: EdgeConfig) {
    this.#context = context;
    this.#config = config;
    const current = () => this.#config;
    this.#rules = {
      get probe() {
        return current().probe;
      },
      get max_dials() {
        return current().max_dials;
      },
    };
    this.configure(config);
  }

  /** The configuration has changed. The state of origins that stay is kept. */
  configure(config: EdgeConfig): void {
    this.#config = config;
    const { clock, randomNumber, onHealth } = this.#context;
    const wanted = new Map(config.origin.map((address) => [originIdentity(address), address]));
    for (const identity of this.#origins.keys()) if (!wanted.has(identity)) this.#origins.delete(identity);
    for (const [identity, address] of wanted) {
      if (this.#origins.has(identity)) continue;
      this.#origins.set(identity, new Origin(address, clock, randomNumber, this.#rules, onHealth));
    }
  }

  /** All of them. */
  all(): Iterable<Origin> {
    return this.#origins.values();
  }

  has(origin: Origin): boolean {
    return this.#origins.get(originIdentity(origin.address)) === origin;
  }

  /** All origins that may get a connection for a stream, best first; `turn` is the stream's. */
  eligible(key: string, turn: number, suits: (address: OriginAddress) => boolean): Origin[] {
    return this.#ranked(key, turn).filter((origin) => suits(origin.address) && origin.eligible);
  }

  /** If all are dead, the origin that is most likely to have recovered. */
  leastDead(suits: (origin: Origin) => boolean): Origin | undefined {
    const all = [...this.#origins.values()].filter(suits);
    return all.toSorted((a, b) => a.health.deadUntil - b.health.deadUntil)[0];
  }

  /** A stream's turn: with "round_robin", the next stream begins with the next origin. */
  runSlice(): number {
    return this.#turn++;
  }

  #ranked(key: string, turn: number): Origin[] {
    const all = [...this.#origins.values()];
    if (this.#config.choice === "hash") {
      const weight = new Map(all.map((origin) => [origin, hash(`${originIdentity(origin.address)}\n${key}`)]));
      return all.toSorted((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
    }
    if (this.#config.choice === "order" || all.length === 0) return all;
    const first = turn % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  }
}

/**
 * FNV-1a with a last mixing, so that each origin's number for a stream is as good as drawn: when an origin goes, only its own
 * streams move (rendezvous hashing).
 */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
