import type { Clock } from "../../base/clock.ts";
import type { KnownNode, StreamPlace, StreamPlaces } from "../../live/ports/nodes.ts";
import type { Found, Store } from "./store.ts";

/** A question waits this long for the registry, ms; then the remembered places are the answer. */
const LOOK_MS = 700;
/** Maximum number of streams in one command. */
const MAX_KEYS = 100;
/** Maximum number of streams whose places are remembered; those found longest ago are forgotten first. */
const MAX_REMEMBERED = 10_000;
/** Maximum number of streams that are asked for at a time; questions for more are answered from memory. */
const MAX_PENDING = 10_000;
/** A stream that no other node had is not asked for again for this long, ms, unless a hint comes. */
const MISSING_MS = 500;
/** Maximum number of places remembered for a stream. */
const MAX_PLACES = 64;

/** What lookups need. */
export interface LookupContext {
  readonly clock: Clock;
  readonly store: Pick<Store, "look">;
  readonly nodeId: string;
  isUp(): boolean;
  /** The node with this id; undefined if it is unknown. */
  nodeOf(id: string): KnownNode | undefined;
  /** Reads the nodes from the registry again. Never rejects. */
  readNodes(): Promise<void>;
}

/** A place of a stream, with its node's id. */
type Remembered = Pick<StreamPlace, "role" | "hops"> & { readonly id: string };

/** A question about a stream; `stale`: a hint has come since it was sent, so that its answer may be out of date. */
interface Pending {
  readonly answer: Promise<StreamPlaces>;
  state: "queued" | "sent" | "stale";
  settle(found: Found | undefined): void;
}

/** Asks the registry where streams are. Questions within one turn of the event loop share a command; those about one stream share an answer. */
export class Lookups {
  readonly #context: LookupContext;
  readonly #pending = new Map<string, Pending>();
  #queue: string[] = [];
  /** The places found last, by the stream's key, for when the registry can't be asked. */
  readonly #remembered = new Map<string, readonly Remembered[]>();
  /** Streams that no other node had, and when the registry said so, monotonic ms; the oldest first. */
  readonly #missing = new Map<string, number>();

  constructor(context: LookupContext) {
    this.#context = context;
  }

  /** Where a stream is on other nodes. */
  locate(key: string): StreamPlaces | Promise<StreamPlaces> {
    if (!this.#context.isUp()) return this.#fromMemory(key);
    const missingAt = this.#missing.get(key) ?? Number.NEGATIVE_INFINITY;
    if (this.#context.clock.now() - missingAt < MISSING_MS) return { places: [], sure: true };
    const pending = this.#pending.get(key);
    if (pending === undefined && this.#pending.size >= MAX_PENDING) return this.#fromMemory(key);
    return pending === undefined || pending.state === "stale" ? this.#ask(key) : pending.answer;
  }

  /** Another node may have the stream now. */
  moved(key: string): void {
    this.#missing.delete(key);
    const pending = this.#pending.get(key);
    if (pending?.state === "sent") pending.state = "stale";
  }

  clear(): void {
    this.#remembered.clear();
    this.#missing.clear();
  }

  #ask(key: string): Promise<StreamPlaces> {
    const { clock } = this.#context;
    const { promise, resolve } = Promise.withResolvers<StreamPlaces>();
    const timer = clock.after(LOOK_MS, () => settle(undefined));
    const settle = (found: Found | undefined) => {
      timer.cancel();
      if (this.#pending.get(key)?.answer === promise) this.#pending.delete(key);
      resolve(found === undefined ? this.#fromMemory(key) : this.#placesOf(key, found));
      if (found?.places.size === 0 && pending.state !== "stale") this.#miss(key);
    };
    const pending: Pending = { answer: promise, state: "queued", settle };
    this.#pending.set(key, pending);
    if (this.#queue.push(key) === 1) clock.soon(() => this.#flush());
    return promise;
  }

  #flush(): void {
    const keys = this.#queue;
    this.#queue = [];
    for (let at = 0; at < keys.length; at += MAX_KEYS) void this.#look(keys.slice(at, at + MAX_KEYS));
  }

  async #look(keys: readonly string[]): Promise<void> {
    const { store, nodeId, nodeOf, readNodes } = this.#context;
    const asked = keys.map((key) => this.#pending.get(key));
    for (const pending of asked) if (pending !== undefined) pending.state = "sent";
    try {
      const found = await store.look(keys);
      const ids = found.flatMap(({ places }) => [...places.keys()]);
      if (ids.some((id) => id !== nodeId && nodeOf(id) === undefined)) await readNodes();
      for (const [at, pending] of asked.entries()) pending?.settle(found[at]);
    } catch {
      for (const pending of asked) pending?.settle(undefined);
    }
  }

  #placesOf(key: string, { places }: Found): StreamPlaces {
    const { nodeId } = this.#context;
    const others = [...places].flatMap(([id, place]) => (id === nodeId ? [] : [{ id, ...place }]));
    this.#remember(key, others);
    return { places: this.#withNodes(others), sure: true };
  }

  #fromMemory(key: string): StreamPlaces {
    return { places: this.#withNodes(this.#remembered.get(key) ?? []), sure: false };
  }

  #withNodes(places: readonly Remembered[]): readonly StreamPlace[] {
    return places.flatMap(({ id, role, hops }) => {
      const node = this.#context.nodeOf(id);
      return node?.state === undefined ? [] : [{ node, role, hops }];
    });
  }

  #miss(key: string): void {
    this.#missing.delete(key);
    for (const oldest of this.#missing.keys()) {
      if (this.#missing.size < MAX_REMEMBERED) break;
      this.#missing.delete(oldest);
    }
    this.#missing.set(key, this.#context.clock.now());
  }

  #remember(key: string, places: readonly Remembered[]): void {
    this.#remembered.delete(key);
    if (places.length === 0) return;
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size < MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(key, places.slice(0, MAX_PLACES));
  }
}
