import type { Clock, Timer } from "../../base/clock.ts";
import type { AccessRequest, ConnectAccess, Guard, GuardResult } from "../../live/ports/access.ts";
import { MAX_STREAM_KEY } from "../../live/ports/node-state.ts";
import type { OnConflict } from "../../live/source/source.ts";
import { streamLabel } from "../../live/streams.ts";
import type { OwnStreams } from "./own-streams.ts";
import { LEASE_MS } from "./redis-store.ts";
import type { Store } from "./store.ts";

/** A publisher waits this long for a stream whose node may be dead, ms. */
const WAIT_MS = LEASE_MS + 1500;
const AGAIN_MS = 500;
/** A client that was let in must begin to publish within this time, ms; then its claim is given up. */
const BEGIN_MS = 10_000;
/** Maximum number of publishers that wait; more are refused at once. */
const MAX_WAITING = 1000;

/** What claims need. */
export interface ClaimsContext {
  readonly clock: Clock;
  readonly store: Pick<Store, "announce">;
  readonly nodeId: string;
  readonly own: OwnStreams;
  isUp(): boolean;
  onConflict(key: string): OnConflict;
  /** A node's name for messages: its advertised address, or its id. */
  nameOf(id: string): string;
  /** Sends a node a text, which may get lost. */
  send(id: string, text: string): void;
}

/** A publisher that waits for a stream that another node owns. */
interface Waiting {
  readonly key: string;
  /** Claims the stream once more, as it may be free. */
  again(): void;
  /** The owner's publisher is alive: the waiting one is refused. */
  alive(): void;
}

/*
 *          (this node owns the stream)        ┌──(the client publishes)──> the stream itself is announced
 * asked ──┬──────────────────────────> held ──┤
 *         │                             ^     └──(it leaves, or is late)──> released
 *         │(another node does)          │(the stream is free now)
 *         └──> waiting ─────────────────┤
 *                                       └──(the other publisher is alive, the client leaves, or time is over)──> refused
 */
/**
 * One owner for each stream in the whole cluster: lets a client publish when this node owns its stream. If another node owns it, that
 * node is asked whether its publisher is still alive, as the same encoder may have reconnected here. While the registry is away, clients
 * may publish any stream that is not fetched from another node.
 */
export class Claims implements Guard {
  readonly name = "registry";
  readonly #context: ClaimsContext;
  readonly #waiting = new Set<Waiting>();
  /** What ends the wait of a publisher's request, or releases its claim. */
  readonly #leave = new WeakMap<AccessRequest | ConnectAccess, () => void>();
  /** Requests that were refused, or whose clients have left. */
  readonly #over = new WeakSet<AccessRequest | ConnectAccess>();
  /** Ids of nodes that wait to hear whether a publisher here is alive, by the stream's key. */
  readonly #askers = new Map<string, Set<string>>();

  constructor(context: ClaimsContext) {
    this.#context = context;
  }

  check(request: AccessRequest): GuardResult | Promise<GuardResult> {
    const { action, name, hops } = request;
    const { own, isUp } = this.#context;
    const key = `${name.vhost}/${name.app}/${name.stream}`;
    // A server that relays a stream is not its publisher.
    if (action !== "publish" || hops.length > 0 || key.length > MAX_STREAM_KEY) return undefined;
    const here = own.all.get(key);
    // Between publishers of one node, the stream itself decides.
    if (here?.place.role === "published") return undefined;
    return isUp() ? this.#claim(key, request) : this.#withoutRegistry(key);
  }

  /** The registry can't be asked: all may publish, but not a stream that is fetched from another node. */
  #withoutRegistry(key: string): GuardResult {
    const { own, onConflict } = this.#context;
    const isElsewhere = own.all.get(key)?.place.role === "relayed" && onConflict(key) === "reject";
    return isElsewhere ? busy(key, "another node, as it is fetched from there") : undefined;
  }

  withdrawn(request: AccessRequest | ConnectAccess): void {
    this.#over.add(request);
    this.#leave.get(request)?.();
  }

  /** Another node has changed who owns a stream. */
  moved(key: string): void {
    for (const waiting of this.#waiting) if (waiting.key === key) waiting.again();
  }

  /** Another node has sent a text. */
  heard(text: string): void {
    const [word, id = ""] = text.split(" ", 2);
    const key = text.slice(`${word} ${id} `.length);
    if (word === "alive") for (const waiting of this.#waiting) if (waiting.key === key) waiting.alive();
    if (word === "ask") this.#answer(id, key);
  }

  #answer(id: string, key: string): void {
    const { own, nodeId, send } = this.#context;
    const here = own.all.get(key);
    // The registry's entry is out of date, or the publisher is at this node's other process, which alone can probe it.
    if (here?.place.role !== "published" || here.stream === undefined) {
      own.change(key);
      return;
    }
    const askers = this.#askers.get(key);
    if (askers !== undefined) {
      askers.add(id);
      return;
    }
    const asking = new Set([id]);
    this.#askers.set(key, asking);
    here.stream.sources.probeActive(`${streamLabel(key)} is published at another node`, (alive) => {
      this.#askers.delete(key);
      if (alive) for (const asker of asking) send(asker, `alive ${nodeId} ${key}`);
    });
  }

  async #claim(key: string, request: AccessRequest): Promise<GuardResult> {
    const { onConflict } = this.#context;
    try {
      const owner = await this.#try(key, request);
      if (owner === undefined || onConflict(key) === "standby") return undefined;
      return await this.#wait(key, owner, request);
    } catch {
      return this.#withoutRegistry(key);
    }
  }

  /** Claims a stream: undefined if this node owns it now, else the owner's id. */
  async #try(key: string, request: AccessRequest): Promise<string | undefined> {
    const { store, nodeId, own, onConflict } = this.#context;
    const claim = onConflict(key) === "replace" ? "replace" : "reject";
    const here = own.all.get(key)?.place;
    const copy = here?.role === "relayed" ? here : undefined;
    const [answer] = await store.announce(nodeId, [{ key, place: { role: "published", hops: [] }, claim, copy }]);
    if (answer?.owner !== nodeId) return answer?.owner ?? "";
    this.#hold(key, request);
    return undefined;
  }

  /** The claim is held until the client begins to publish. */
  #hold(key: string, request: AccessRequest): void {
    const { own, clock } = this.#context;
    // The answer has come too late: what is here is announced instead.
    if (this.#over.has(request)) {
      own.change(key);
      return;
    }
    own.claimed.set(key, request);
    const release = () => {
      timer.cancel();
      // The client publishes, or another one has the claim.
      if (own.claimed.get(key) !== request) return;
      own.claimed.delete(key);
      own.change(key);
    };
    const timer = clock.after(BEGIN_MS, release);
    this.#leave.set(request, release);
  }

  #wait(key: string, owner: string, request: AccessRequest): Promise<GuardResult> {
    const { clock, nodeId, nameOf, send } = this.#context;
    const refusal = busy(key, nameOf(owner));
    if (this.#waiting.size >= MAX_WAITING || this.#over.has(request)) return Promise.resolve(refusal);
    const { promise, resolve } = Promise.withResolvers<GuardResult>();
    let isAsking = false;
    const timers: Timer[] = [];
    const settle = (result: GuardResult) => {
      this.#waiting.delete(waiting);
      for (const timer of timers) timer.cancel();
      if (result !== undefined) this.#over.add(request);
      resolve(result);
    };
    const waiting: Waiting = {
      key,
      again: () => {
        if (isAsking || !this.#waiting.has(waiting)) return;
        isAsking = true;
        this.#try(key, request).then(
          (other) => {
            isAsking = false;
            if (other === undefined) settle(undefined);
            else send(other, `ask ${nodeId} ${key}`);
          },
          () => settle(this.#withoutRegistry(key)),
        );
      },
      alive: () => settle(refusal),
    };
    this.#waiting.add(waiting);
    this.#leave.set(request, waiting.alive);
    timers.push(
      clock.after(WAIT_MS, () => settle(refusal)),
      clock.every(AGAIN_MS, waiting.again),
    );
    send(owner, `ask ${nodeId} ${key}`);
    return promise;
  }
}

function busy(key: string, where: string): GuardResult {
  return { kind: "busy", reason: `${streamLabel(key)} is already being published`, detail: `at ${where}` };
}
