import type { PullEnd } from "../../relay/pull-client.ts";
import { Redirects } from "../../relay/redirects.ts";
import type { Failure } from "../../relay/supervisor.ts";
import type { OriginAddress } from "./address.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";
import type { StreamPlaces } from "./stream-places.ts";

/** An origin that others stand beside has so long to send a stream's first media; then the next is asked. */
const LOOK_MS = 1000;
/** Where there is nobody else to ask, the one origin is asked anew this rarely. */
const STAY_MS = 30_000;

/**
 * What an attempt at an origin came to: `failed`, it is there and has not answered what it was asked; `ended`, the stream ran and
 * the origin told of its end; the others as in `PullEnd`.
 */
export type Outcome = PullEnd["how"];

/**
 * What all origins of a round said together: `refused`, one of them said no; `absent`, none has the stream; `unknown`, one may
 * have it, or has just had it.
 */
export type RoundResult = "refused" | "absent" | "unknown";

/*
 * A round asks each living origin once, without a pause; between rounds the supervisor's backoff rests.
 */
/** Which origin a stream is looked for at next. */
export class Search {
  readonly redirects = new Redirects();
  /** Among which it is looked for. */
  readonly origins: Origins;
  readonly #key: string;
  readonly #turn: number;
  readonly #suits: (address: OriginAddress) => boolean;
  readonly #taken: () => ReadonlySet<Origin>;
  readonly #places: StreamPlaces | undefined;
  /** Asked in this round, and what came of it. */
  readonly #asked = new Map<Origin, Outcome>();
  #rounds = 0;
  /** It has run: viewers wait for it to go on. */
  #ran = false;
  #again: Origin | undefined;
  /** Of the round that was over last. */
  lastRound: RoundResult = "unknown";

  /**
   * `suits`: which origins can be asked; `taken`: those that others of the stream's connections use, which are not; `places`: where
   * streams were found.
   */
  constructor(
    origins: Origins,
    key: string,
    suits: (address: OriginAddress) => boolean,
    taken: () => ReadonlySet<Origin>,
    places?: StreamPlaces,
  ) {
    this.origins = origins;
    this.#key = key;
    this.#turn = origins.runSlice();
    this.#suits = suits;
    this.#taken = taken;
    this.#places = places;
  }

  /** The origin to ask now; undefined when there is none at all. */
  next(): Origin | undefined {
    const again = this.#again;
    this.#again = undefined;
    const origin = again ?? this.#others()[0] ?? this.#last();
    origin?.try();
    return origin;
  }

  /** The same origin shall be asked once more. */
  again(origin: Origin): void {
    this.#again = origin;
  }

  /** An attempt has ended: what that means for the next one. `Failure` is `elsewhere` while the round goes on. */
  judge(origin: Origin, outcome: Outcome, error: string): Failure {
    if (outcome === "unreachable") origin.failed(error);
    else origin.reached();
    if (outcome === "absent") this.#places?.gone(this.#key, origin);
    this.#asked.set(origin, outcome);
    if (this.#others().length > 0) return "elsewhere";
    const outcomes = [...this.#asked.values()];
    const refused = outcomes.every((one) => one === "refused");
    const absent = outcomes.every((one) => one === "absent");
    this.lastRound = outcomes.includes("refused") ? "refused" : absent ? "absent" : "unknown";
    this.#asked.clear();
    this.#rounds++;
    return refused ? "refused" : "lost";
  }

  /** The stream runs: what comes next is a first round. */
  found(origin: Origin): void {
    origin.reached();
    if ([...this.#asked.values()].includes("absent")) this.#places?.found(this.#key, origin);
    this.redirects.reset();
    this.#asked.clear();
    this.#rounds = 0;
    this.#ran = true;
  }

  /** How long an origin that has accepted us may go without sending anything, ms. */
  firstMediaTimeoutMs(origin: Origin, readTimeoutMs: number): number {
    if (this.#others().some((other) => other !== origin))
      return this.#rounds === 0 ? Math.min(LOOK_MS, readTimeoutMs) : readTimeoutMs;
    return this.#alone ? Math.max(STAY_MS, readTimeoutMs) : readTimeoutMs;
  }

  /** Whether an origin is the last of its round. */
  isLast(origin: Origin): boolean {
    return !this.#others().some((other) => other !== origin);
  }

  get #alone(): boolean {
    let count = 0;
    for (const { address } of this.origins.all()) if (this.#suits(address)) count++;
    return count <= 1;
  }

  /** Living origins that have not been asked in this round, and that no other connection of the stream uses. */
  #others(): Origin[] {
    const taken = this.#taken();
    const eligible = this.origins.eligible(this.#key, this.#turn, this.#suits);
    const place = this.#places?.of(this.#key);
    const ranked = place !== undefined && eligible.includes(place) ? [place, ...eligible] : eligible;
    const left = [...new Set(ranked)].filter((origin) => !this.#asked.has(origin) && !taken.has(origin));
    if (!this.#ran) return left;
    // Whether a dead one is back is for a new stream to find out: viewers of this one miss what comes meanwhile.
    const [alive, dead] = [true, false].map((wanted) => left.filter((origin) => origin.alive === wanted));
    return [...(alive ?? []), ...(dead ?? [])];
  }

  /** None of them is left to ask, or none lives: the one that is most likely to be back. */
  #last(): Origin | undefined {
    const taken = this.#taken();
    return this.origins.leastDead((origin) => this.#suits(origin.address) && !taken.has(origin));
  }
}
