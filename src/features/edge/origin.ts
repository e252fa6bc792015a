import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { DialLimiter } from "../../relay/dial-limiter.ts";
import { HandshakeChoice } from "../../relay/handshake-choice.ts";
import type { OriginAddress } from "./address.ts";

/** A dead origin is left alone for this long, and longer after each failure. */
const DEAD = { firstMs: 2000, factor: 2, maxMs: 30_000 } as const;
/** A possibly recovered origin gets one trial connection; the others wait for this long. */
const TRIAL_MS = 2000;
/** Failures within this time count as one, however many connections fail. */
const TOGETHER_MS = 1000;

/** The known state of an origin, for the log, the API and metrics. Times are monotonic ms. */
export interface OriginHealth {
  readonly state: "alive" | "dead";
  readonly lastError: string | undefined;
  /** Until when the origin is left alone; 0 for a living one. */
  readonly deadUntil: number;
}

/** The configuration of a vhost's origins; may change at any time. */
export interface OriginRules {
  readonly probe: boolean;
  readonly max_dials: number;
}

/** One origin, with the experience of all its connections, for all streams. */
export class Origin {
  readonly address: OriginAddress;
  /** Limits the connections that are being established. */
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

  /** Whether it has answered since its last failure. */
  get alive(): boolean {
    return this.#backoff.attempt === 0;
  }

  get health(): OriginHealth {
    const state = this.alive ? "alive" : "dead";
    return { state, lastError: this.#lastError, deadUntil: this.#deadUntil };
  }

  /** Whether the origin may get a connection: it is alive, or its time without connections has passed. */
  get eligible(): boolean {
    // A probed origin needs no trial by viewers.
    if (this.#rules.probe && !this.alive) return false;
    return this.#deadUntil <= this.#clock.now();
  }

  /** A connection to the origin starts. While the origin may be dead, other connections wait for the outcome. */
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

  /** It may be alive again: one connection tries it now. */
  returned(): void {
    this.#deadUntil = 0;
  }

  /** The origin has not answered. Connections that wait for it fail at once, instead of being tried one by one. */
  failed(error: string): void {
    const now = this.#clock.now();
    const wasDead = !this.alive;
    if (wasDead && now - this.#failedAt < TOGETHER_MS) return;
    this.#failedAt = now;
    this.#lastError = error;
    this.#deadUntil = now + this.#backoff.next();
    if (!wasDead) this.#onChange(this, this.health);
    this.dialLimiter.rejectAll(error);
  }
}
