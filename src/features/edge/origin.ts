import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { DialLimiter } from "../../relay/dial-limiter.ts";
import { HandshakeChoice } from "../../relay/handshake-choice.ts";
import type { OriginAddress } from "./address.ts";

/** A dead origin is left alone for so long, and longer each time. */
const DEAD = { firstMs: 2000, factor: 2, maxMs: 30_000 } as const;
/** One that may have come back is tried by one connection; the others leave it alone for so long. */
const TRIAL_MS = 2000;
/** A hundred connections that fail within this time are one failure. */
const TOGETHER_MS = 1000;

/** What an origin is known to be, for the log, the API and metrics. Times are monotonic ms. */
export interface OriginHealth {
  readonly state: "alive" | "dead";
  readonly lastError: string | undefined;
  /** Until when nobody is sent there; 0 for one that lives. */
  readonly deadUntil: number;
}

/** What the configuration says of a vhost's origins; it may change at any time. */
export interface OriginRules {
  readonly probe: boolean;
  readonly max_dials: number;
}

/** One origin: what its connections have taught about it, for all streams together. */
export class Origin {
  readonly address: OriginAddress;
  /** Connections that are in the making. */
  readonly dialLimiter: DialLimiter;
  readonly handshake = new HandshakeChoice();
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #rules: OriginRules;
  readonly #onChange: (origin: Origin, health: OriginHealth) => void;
  #deadUntil = 0;
  #failedAt = 0;
  #lastError: string | undefined;

  constructor(
    address: OriginAddress,
    clock: Clock,
    random: () => number,
    rules: OriginRules,
    onChange: (origin: Origin, health: OriginHealth) => void,
  ) {
    this.address = address;
    this.#clock = clock;
    this.#backoff = new Backoff(DEAD, random);
    this.#onChange = onChange;
    this.#rules = rules;
    this.dialLimiter = new DialLimiter(() => rules.max_dials);
  }

  /** Whether it has answered since it last did not. */
  get alive(): boolean {
    return this.#backoff.attempt === 0;
  }

  get health(): OriginHealth {
    const state = this.alive ? "alive" : "dead";
    return { state, lastError: this.#lastError, deadUntil: this.#deadUntil };
  }

  /** Whether it may be sent a connection: it lives, or has been dead for long enough to be tried again. */
  get eligible(): boolean {
    // Where it is probed, viewers need not try.
    if (this.#rules.probe && !this.alive) return false;
    return this.#deadUntil <= this.#clock.now();
  }

  /** A connection is sent there. While it may be dead, others wait for what becomes of it. */
  try(): void {
    if (!this.alive) this.#deadUntil = Math.max(this.#deadUntil, this.#clock.now() + TRIAL_MS);
  }

  /** It has answered. */
  reached(): void {
    const wasDead = !this.alive;
    this.#deadUntil = 0;
    this.#backoff.reset();
    if (wasDead) this.#onChange(this, this.health);
  }

  /** It has not answered. Those who wait for their turn need not find out one by one. */
  failed(error: string): void {
    const now = this.#clock.now();
    const wasDead = !this.alive;
    if (wasDead && now - this.#failedAt < TOGETHER_MS) return;
    this.#failedAt = now;
    this.#lastError = error;
    this.#deadUntil = now + this.#backoff.next();
    if (!wasDead) this.#onChange(this, this.health);
    this.dialLimiter.turnAway(error);
  }
}
