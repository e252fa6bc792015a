import type { Clock, Timer } from "../../base/clock.ts";
import type { Client, ClientObserver, Clients, ClientTask } from "../../live/ports/clients.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver, Streams } from "../../live/streams.ts";
import { type Counters, type Rates, RateWindow, SAMPLE_MS } from "./rate-window.ts";

/** Clients that are sampled, and clients that are counted, between two turns of the event loop: about a millisecond's work each. */
const SAMPLED = 500;
const COUNTED = 2000;
/** What readers of all streams add up to is counted anew after this time, ms. */
const FRESH_MS = 1000;

/** What the clients of a stream add up to now. */
export interface StreamClients {
  readonly publishers: number;
  readonly players: number;
  /** Bytes of media that its players have got, those that have left among them. */
  readonly sent: number;
  /** Packets that they lost. */
  readonly lost: number;
  /** How far the one that is furthest behind is, ms. */
  readonly lagMs: number;
}

type Sums = { -readonly [K in keyof StreamClients]: number };

/** A count that goes on over several turns of the event loop. */
interface Count {
  readonly sums: Map<Stream, Sums>;
  /** `order` of the last client that is in it. */
  last: number;
  /** Called when it is done. */
  readonly waiting: (() => void)[];
}

interface StreamTotals {
  /** Of players that have left. */
  sent: number;
  lost: number;
  /** Of sources that have ended. */
  received: number;
  readonly sources: Set<Source>;
  readonly window: RateWindow;
}

/** What is counted for streams and clients: one sampler for all rates, and what has left. */
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
    // What a count has not come to stays in its sums, so that they never go back.
    const sums = this.#count !== undefined && client.order > this.#count.last && this.#count.sums.get(task.stream);
    if (!sums) return;
    sums.sent += task.bytes;
    sums.lost += task.lost;
  }

  /** Counts the clients of all streams, unless that was done within a second: in slices, as there may be 10,000. */
  fresh(): Promise<void> {
    return new Promise((resolve) => this.#whenFresh(resolve));
  }

  /** What the clients of each stream that has any added up to when they were counted last. */
  get counted(): ReadonlyMap<Stream, StreamClients> {
    return this.#counted;
  }

  /** The clients of one stream. */
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

  /** Bytes and video frames a second, over the last 30 s or so. */
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

  /** Notes a stream's sources, so that what they sent is counted when they have ended. */
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

/** Bytes that a client has got so far. A viewer of HLS has no connection of its own: those of its playlists. */
export function sentTo({ bytesSent, tasks }: Client): number {
  if (bytesSent > 0) return bytesSent;
  let sum = 0;
  for (const { kind, bytes } of tasks) if (kind === "play") sum += bytes;
  return sum;
}

function noClients({ sent, lost }: StreamTotals): Sums {
  return { publishers: 0, players: 0, sent, lost, lagMs: 0 };
}
