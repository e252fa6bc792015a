import type { Clock, Timer } from "../../base/clock.ts";
import type { Client, ClientObserver, Clients, ClientTask } from "../../live/ports/clients.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver, Streams } from "../../live/streams.ts";
import { type Counters, type Rates, RateWindow, SAMPLE_MS } from "./rate-window.ts";

/** Maximum numbers of clients that are sampled, and counted, in one turn of the event loop: about a millisecond of work each. */
const SAMPLED = 500;
const COUNTED = 2000;
/** The clients of all streams are counted at most this often, ms. */
const FRESH_MS = 1000;

/** Sums of a stream's clients. */
export interface StreamClients {
  readonly publishers: number;
  readonly players: number;
  /** Bytes of media sent to players, also to those that have left. */
  readonly sent: number;
  /** Packets that players lost, also those that have left. */
  readonly lost: number;
  /** The largest lag of a player, ms. */
  readonly lagMs: number;
}

type Sums = { -readonly [K in keyof StreamClients]: number };

/** A count of all clients, which takes several turns of the event loop. */
interface Count {
  readonly sums: Map<Stream, Sums>;
  /** `order` of the last client that is counted. */
  last: number;
  /** Called when the count is complete. */
  readonly waiting: (() => void)[];
}

interface StreamTotals {
  /** Bytes and lost packets of players that have left. */
  sent: number;
  lost: number;
  /** Bytes of sources that have ended. */
  received: number;
  readonly sources: Set<Source>;
  readonly window: RateWindow;
}

/** Bytes, losses and rates of streams and clients: one sampler for all rates, and totals of players and sources that have ended. */
export class Traffic implements ClientObserver, StreamObserver {
  readonly #clock: Clock;
  readonly #streams: Streams;
  readonly #clients: Clients;
  readonly #totals = new WeakMap<Stream, StreamTotals>();
  readonly #windows = new WeakMap<Client, RateWindow>();
  readonly #timer: Timer;
  #counted: ReadonlyMap<Stream, StreamClients> = new Map();
  #countedAt = Number.NEGATIVE_INFINITY;
  #count: Count | undefined;

  constructor(clock: Clock, streams: Streams, clients: Clients) {
    this.#clock = clock;
    this.#streams = streams;
    this.#clients = clients;
    this.#timer = clock.every(SAMPLE_MS, () => this.#sample());
  }

  stop(): void {
    this.#timer.cancel();
  }

  published(stream: Stream): void {
    this.#follow(stream);
  }

  unpublished(stream: Stream): void {
    this.#follow(stream);
  }

  switched(stream: Stream): void {
    this.#follow(stream);
  }

  ended(client: Client, task: ClientTask): void {
    if (task.kind !== "play") return;
    const totals = this.#totalsOf(task.stream);
    totals.sent += task.bytes;
    totals.lost += task.lost;
    // A running count has not come to this player and won't: its bytes are added here, so that the sums never decrease.
    const sums = this.#count !== undefined && client.order > this.#count.last && this.#count.sums.get(task.stream);
    if (!sums) return;
    sums.sent += task.bytes;
    sums.lost += task.lost;
  }

  /** Counts the clients of all streams, unless the last count is less than a second old; in slices, as there may be 10,000 clients. */
  fresh(): Promise<void> {
    return new Promise((resolve) => this.#whenFresh(resolve));
  }

  /** Sums of the last count, for each stream with clients. */
  get counted(): ReadonlyMap<Stream, StreamClients> {
    return this.#counted;
  }

  /** Sums of one stream's clients by the last count. */
  clientsOf(stream: Stream): StreamClients {
    return this.counted.get(stream) ?? noClients(this.#totalsOf(stream));
  }

  /** Bytes that a stream's sources have sent so far. */
  receivedBy(stream: Stream): number {
    const totals = this.#follow(stream);
    let sum = totals.received;
    for (const { bytes } of totals.sources) sum += bytes;
    return sum;
  }

  /** Bytes and video frames per second, over the last 30 to 40 s. */
  ratesOf(stream: Stream): Rates {
    return this.#totalsOf(stream).window.rates(this.#clock.now(), this.#countersOf(stream));
  }

  ratesOfClient(client: Client): Rates {
    const { bytesReceived: received } = client;
    return this.#windowOf(client).rates(this.#clock.now(), { received, sent: sentTo(client), frames: 0 });
  }

  #sample(): void {
    this.#whenFresh(() => {
      const now = this.#clock.now();
      for (const stream of this.#streams.all()) this.#totalsOf(stream).window.add(now, this.#countersOf(stream));
      this.#sampleClients(this.#clients.all()[Symbol.iterator]());
    });
  }

  #sampleClients(rest: Iterator<Client>): void {
    const now = this.#clock.now();
    for (let count = 0; count < SAMPLED; count++) {
      const { done, value } = rest.next();
      if (done) return;
      this.#windowOf(value).add(now, { received: value.bytesReceived, sent: sentTo(value), frames: 0 });
    }
    this.#clock.soon(() => this.#sampleClients(rest));
  }

  #countersOf(stream: Stream): Counters {
    const frames = stream.source?.videoFrames ?? 0;
    return { received: this.receivedBy(stream), sent: this.clientsOf(stream).sent, frames };
  }

  #whenFresh(run: () => void): void {
    if (this.#count !== undefined) this.#count.waiting.push(run);
    else if (this.#clock.now() - this.#countedAt < FRESH_MS) run();
    else {
      this.#count = { sums: new Map(), last: 0, waiting: [run] };
      this.#countSlice(this.#count, this.#clients.all()[Symbol.iterator]());
    }
  }

  #countSlice(count: Count, rest: Iterator<Client>): void {
    for (let at = 0; at < COUNTED; at++) {
      const { done, value } = rest.next();
      if (done) {
        this.#count = undefined;
        this.#counted = count.sums;
        this.#countedAt = this.#clock.now();
        for (const run of count.waiting) run();
        return;
      }
      count.last = value.order;
      for (const task of value.tasks) this.#add(count.sums, task);
    }
    this.#clock.soon(() => this.#countSlice(count, rest));
  }

  #add(counted: Map<Stream, Sums>, task: ClientTask): void {
    const { stream } = task;
    let sums = counted.get(stream);
    if (sums === undefined) {
      sums = noClients(this.#totalsOf(stream));
      counted.set(stream, sums);
    }
    if (task.kind === "publish") {
      sums.publishers++;
      return;
    }
    sums.players++;
    sums.sent += task.bytes;
    sums.lost += task.lost;
    sums.lagMs = Math.max(sums.lagMs, task.lagMs ?? 0);
  }

  /** Remembers a stream's sources, so that their bytes still count when they have ended. */
  #follow(stream: Stream): StreamTotals {
    const totals = this.#totalsOf(stream);
    const { active, standbys } = stream.sources;
    if (active !== undefined) totals.sources.add(active);
    for (const source of standbys) totals.sources.add(source);
    for (const source of totals.sources) {
      if (source.role !== "ended") continue;
      totals.received += source.bytes;
      totals.sources.delete(source);
    }
    return totals;
  }

  #totalsOf(stream: Stream): StreamTotals {
    let totals = this.#totals.get(stream);
    if (totals === undefined) {
      const window = new RateWindow(this.#clock.now());
      totals = { sent: 0, lost: 0, received: 0, sources: new Set(), window };
      this.#totals.set(stream, totals);
    }
    return totals;
  }

  #windowOf(client: Client): RateWindow {
    let window = this.#windows.get(client);
    if (window === undefined) {
      window = new RateWindow(client.since);
      this.#windows.set(client, window);
    }
    return window;
  }
}

/** Bytes sent to a client so far; for an HLS viewer, which has no connection of its own, those of its play tasks. */
export function sentTo({ bytesSent, tasks }: Client): number {
  if (bytesSent > 0) return bytesSent;
  let sum = 0;
  for (const { kind, bytes } of tasks) if (kind === "play") sum += bytes;
  return sum;
}

function noClients({ sent, lost }: StreamTotals): Sums {
  return { publishers: 0, players: 0, sent, lost, lagMs: 0 };
}
