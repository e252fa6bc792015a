import { Backoff } from "../../base/backoff.ts";
import type { Timer } from "../../base/clock.ts";
import type { KnownNode, NodeState } from "../../live/ports/nodes.ts";
import { Outage } from "../../relay/outage.ts";
import type { ClusterContext } from "./context.ts";
import type { Answer } from "./messages.ts";
import { ask, type Outcome } from "./question.ts";

/** A node that answers is asked again this often, ms. */
const PERIOD_MS = 1000;
/** A peer that is this process is asked this often, ms, as its URL may lead to another server later. */
const SELF_PERIOD_MS = 60_000;
/** A node counts as alive for this long after its last answer, ms. */
const ALIVE_MS = 2500;
const BACKOFF = { firstMs: 250, factor: 2, maxMs: 5000 } as const;

/** Notifications for a peer's owner. */
export interface PeerEvents {
  /** The peer has answered; `returned`: after an outage, or as another process. */
  answered(peer: Peer, returned: boolean): void;
}

/*
 * asking ──answer──> waiting (1 s) ──> asking        asking ──problem──> waiting (backoff) ──> asking
 */
/** One peer of the configuration, asked periodically. */
export class Peer {
  readonly url: string;
  readonly #context: ClusterContext;
  readonly #events: PeerEvents;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  #challenge = "";
  #revision = "";
  #state: NodeState | undefined;
  #isSelf = false;
  #seenAt: number | undefined;
  /** Why the last question has no answer. */
  #problem: string | undefined;
  /** When the peer last reported that it drains, monotonic ms. */
  #drainsAt: number | undefined;
  #timer: Timer | undefined;
  #giveUp: (() => void) | undefined;

  constructor(url: string, context: ClusterContext, events: PeerEvents) {
    this.url = url;
    this.#context = context;
    this.#events = events;
    this.#backoff = new Backoff(BACKOFF, context.randomNumber);
    this.#outage = new Outage(context.clock);
  }

  /** Asks now, and from now on. */
  start(): void {
    this.#ask(false);
  }

  /** Asks at once, as this node's own state has changed. */
  askNow(): void {
    this.stop();
    this.#ask(false);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#giveUp?.();
  }

  /** Whether the peer is this process: all nodes may have one list of peers. */
  get isSelf(): boolean {
    return this.#isSelf;
  }

  /** The peer as a node; `problems`: those of its addresses, which its answers do not show. */
  known(problems: readonly string[]): KnownNode {
    const seenAt = this.#seenAt;
    const source = this.url;
    const state = this.#state;
    const heardBy = ["peers"] as const;
    if (state !== undefined && this.#isDraining)
      return { isSelf: false, source, alive: true, seenAt, state: { ...state, draining: true }, problems, heardBy };
    const isRecent = seenAt !== undefined && this.#context.clock.now() - seenAt < ALIVE_MS;
    const own = this.#problem === undefined ? [] : [this.#problem];
    const alive = own.length === 0 && isRecent;
    return {
      isSelf: false,
      source,
      alive,
      seenAt,
      state,
      problems: own.length === 0 ? problems : [...own, ...problems],
      heardBy,
    };
  }

  /** The node has asked this one, and reports that it drains: it need not answer any more. */
  drains(): void {
    this.#drainsAt = this.#context.clock.now();
  }

  get #isDraining(): boolean {
    return this.#drainsAt !== undefined && this.#context.clock.now() - this.#drainsAt < ALIVE_MS;
  }

  #ask(isAgain: boolean): void {
    const { clock, httpGet, secret, nodeId, draining, randomHex } = this.#context;
    const askedAt = clock.now();
    this.#giveUp = ask(
      {
        ...{ clock, httpGet, secret: secret(), peer: this.url, challenge: this.#challenge },
        nonce: randomHex(16),
        params: { node: nodeId, draining: draining() ? "1" : "0", known: this.#revision },
      },
      (outcome) => {
        this.#giveUp = undefined;
        this.#over(outcome, askedAt, isAgain);
      },
    );
  }

  #over(outcome: Outcome, askedAt: number, wasAgain: boolean): void {
    switch (outcome.kind) {
      case "answer":
        this.#answered(outcome.answer, askedAt);
        break;
      case "challenge":
        this.#challenge = outcome.challenge;
        if (wasAgain) this.#failed("it takes no question, though its challenge is answered");
        else this.#ask(true);
        break;
      case "problem":
        this.#failed(outcome.problem);
        break;
    }
  }

  #answered({ state, streams, revision, challenge }: Answer, askedAt: number): void {
    const { nodeId, log, clock } = this.#context;
    const before = this.#state;
    const returned = this.#problem !== undefined || (before !== undefined && before.id !== state.id);
    this.#challenge = challenge;
    this.#isSelf = state.id === nodeId;
    const known = before?.id === state.id ? before.streams : undefined;
    if (streams === undefined && known === undefined) {
      this.#revision = "";
      this.#failed("its answer leaves out streams that nobody knows");
      return;
    }
    this.#revision = revision;
    this.#state = { ...state, streams: streams ?? known ?? new Map() };
    this.#seenAt = askedAt;
    this.#problem = undefined;
    this.#backoff.reset();
    const outage_seconds = this.#outage.end();
    if (before?.id !== state.id || returned) {
      const what = this.#isSelf ? "peer is this server" : "peer answers";
      log.info(what, { peer: this.url, node: state.id, zone: state.zone || undefined, outage_seconds });
    }
    const period = this.#isSelf ? SELF_PERIOD_MS : PERIOD_MS;
    this.#timer = clock.after(Math.max(0, askedAt + period - clock.now()), () => this.#ask(false));
    if (!this.#isSelf) this.#events.answered(this, returned);
  }

  #failed(problem: string): void {
    const { log, clock } = this.#context;
    this.#problem = problem;
    this.#timer = clock.after(this.#backoff.next(), () => this.#ask(false));
    // A draining node no longer listens.
    if (this.#isDraining) return;
    const told = this.#outage.failed(problem);
    const fields = { peer: this.url, node: this.#state?.id, error: problem };
    if (told === "new") log.warn("peer does not answer", fields);
    else if (told !== undefined) log.warn("peer still does not answer", { ...fields, ...told });
  }
}
