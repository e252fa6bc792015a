import type { PullEnd } from "../../relay/pull-client.ts";
import { Redirects } from "../../relay/redirects.ts";
import type { Failure } from "../../relay/supervisor.ts";
import type { OriginAddress } from "./address.ts";
import type { FoundOrigins } from "./found-origins.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";

/** If there are other origins, an origin has this long to send a stream's first media; then the next one is asked. */
const LOOK_MS = 1000;
/** If there is only one origin, it is asked again after this time. */
const STAY_MS = 30_000;

/**
 * The outcome of an attempt: `failed`, the origin is alive and has not answered the request; `ended`, the stream ran and the
 * origin ended it; the others as in `PullEnd`.
 */
export type Outcome = PullEnd["how"];

/**
 * The combined answer of a round: `refused`, an origin refused; `absent`, none has the stream; `unknown`, an origin may have
 * it, or had it until now.
 */
export type RoundResult = "refused" | "absent" | "unknown";

/*
 * A round asks each living origin once, without a pause; the supervisor's backoff separates rounds.
 */
/** Chooses the origin that is asked next for a stream. */
export class Search {
  readonly redirects = new Redirects();
  /** The origins to choose from. */
  readonly origins: Origins;
  readonly #key: string;
  readonly #turn: number;
  readonly #suits: (address: OriginAddress) => boolean;
  readonly #taken: () => ReadonlySet<Origin>;
  readonly #foundOrigins: FoundOrigins | undefined;
  /** Origins asked in this round, and their answers. */
  readonly #asked = new Map<Origin, Outcome>();
  #rounds = 0;
  /** The stream has run: viewers wait for it to continue. */
  #ran = false;
  #again: Origin | undefined;
  /** The result of the last complete round. */
  lastRound: RoundResult = "unknown";

  /**
   * `suits`: whether an origin can be asked; `taken`: origins that the stream's other connections use, which are not asked;
   * `foundOrigins`: the origins at which streams were found.
   */
  constructor(
    origins: Origins,
    key: string,
    suits: (address: OriginAddress) => boolean,
    taken: () => ReadonlySet<Origin>,
    foundOrigins?: FoundOrigins,
  ) {
    this.origins = origins;
    this.#key = key;
    this.#turn = origins.nextTurn();
    this.#suits = suits;
    this.#taken = taken;
    this.#foundOrigins = foundOrigins;
  }

  /** The origin to ask now; undefined when there is none at all. */
  next(): Origin | undefined {
    const again = this.#again;
    this.#again = undefined;
    const origin = again ?? this.#others()[0] ?? this.#last();
    origin?.try();
    return origin;
  }

  /** Asks which nodes have the stream, before a round; returns a promise if that takes time. */
  look(): Promise<void> | undefined {
    return this.#asked.size > 0 || this.#again !== undefined ? undefined : this.origins.look(this.#key);
  }

  /** Whether neither a configured origin nor a node has the stream. */
  get isNowhere(): boolean {
    return this.origins.isNowhere(this.#key);
  }

  /** The stream may be at another origin now: a new round begins. */
  restart(): void {
    this.#asked.clear();
    this.#again = undefined;
  }

  /** The same origin is asked once more. */
  again(origin: Origin): void {
    this.#again = origin;
  }

  /** An attempt has ended: classifies its failure. `Failure` is `elsewhere` while the round continues. */
  classify(origin: Origin, outcome: Outcome, error: string): Failure {
    if (outcome === "unreachable") origin.failed(error);
    else if (outcome === "unanswered") this.origins.examine(origin);
    else origin.reached();
    if (outcome === "absent") this.#foundOrigins?.gone(this.#key, origin);
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

  /** The stream runs: the next search starts with a first round. */
  found(origin: Origin): void {
    origin.reached();
    if ([...this.#asked.values()].includes("absent")) this.#foundOrigins?.found(this.#key, origin);
    this.redirects.reset();
    this.#asked.clear();
    this.#rounds = 0;
    this.#ran = true;
  }

  /** How long an origin that has accepted the request may send nothing, ms. */
  firstMediaTimeoutMs(origin: Origin, readTimeoutMs: number): number {
    if (this.#others().some((other) => other !== origin))
      return this.#rounds === 0 ? Math.min(LOOK_MS, readTimeoutMs) : readTimeoutMs;
    return this.#alone ? Math.max(STAY_MS, readTimeoutMs) : readTimeoutMs;
  }

  /** Whether an origin is the last one of its round. */
  isLast(origin: Origin): boolean {
    return !this.#others().some((other) => other !== origin);
  }

  get #alone(): boolean {
    // Other nodes may get the stream soon.
    if (this.origins.asksNodes) return false;
    let count = 0;
    for (const { address } of this.origins.all()) if (this.#suits(address)) count++;
    return count <= 1;
  }

  /** Living origins that were not asked in this round and are not used by the stream's other connections. */
  #others(): Origin[] {
    const taken = this.#taken();
    const eligible = this.origins.eligible(this.#key, this.#turn, this.#suits);
    const found = this.#foundOrigins?.of(this.#key);
    const ranked = found !== undefined && eligible.includes(found) ? [found, ...eligible] : eligible;
    const left = [...new Set(ranked)].filter((origin) => !this.#asked.has(origin) && !taken.has(origin));
    if (!this.#ran) return left;
    // Requests for new streams find out whether a dead origin has recovered: the viewers of this one would miss media meanwhile.
    const [alive, dead] = [true, false].map((wanted) => left.filter((origin) => origin.alive === wanted));
    return [...(alive ?? []), ...(dead ?? [])];
  }

  /** The origin that is most likely to have recovered, if none is left to ask, or all are dead. */
  #last(): Origin | undefined {
    const taken = this.#taken();
    return this.origins.leastDead(this.#key, (origin) => this.#suits(origin.address) && !taken.has(origin));
  }
}
