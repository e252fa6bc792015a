import type { Clock, Timer } from "../../base/clock.ts";
import type { Client, ClientObserver, Clients, ClientTask } from "../../live/ports/clients.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver, Streams } from "../../live/streams.ts";
import { type Counters, type Rates, RateWindow, SAMPLE_MS } from "./rate-window.ts";

/** Clients sampled between two turns of the event loop. */
const SLICE = 500;
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

  ended(_client: Client, task: ClientTask): void {
    if (task.kind !== "play") return;
    const totals = this.#totalsOf(task.stream);
    totals.sent += task.bytes;
    totals.lost += task.lost;
  }

  /** What the clients of each stream that has any add up to; no older than a second. */
  get counted(): ReadonlyMap<Stream, StreamClients> {
    const now = this.#clock.now();
    if (now - this.#countedAt >= FRESH_MS) {
      this.#counted = this.#count();
      this.#countedAt = now;
    }
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
    const now = this.#clock.now();
    for (const stream of this.#streams.all()) this.#totalsOf(stream).window.add(now, this.#countersOf(stream));
    this.#sampleClients(this.#clients.all()[Symbol.iterator]());
  }

  #sampleClients(rest: Iterator<Client>): void {
    const now = this.#clock.now();
    for (let count = 0; count < SLICE; count++) {
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

  #count(): Map<Stream, StreamClients> {
    const counted = new Map<Stream, { -readonly [K in keyof StreamClients]: number }>();
    for (const { tasks } of this.#clients.all())
      for (const task of tasks) {
        const { stream } = task;
        let sums = counted.get(stream);
        if (sums === undefined) {
          sums = { ...noClients(this.#totalsOf(stream)) };
          counted.set(stream, sums);
        }
        if (task.kind === "publish") {
          sums.publishers++;
          continue;
        }
        sums.players++;
        sums.sent += task.bytes;
        sums.lost += task.lost;
        sums.lagMs = Math.max(sums.lagMs, task.lagMs ?? 0);
      }
    return counted;
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

function noClients({ sent, lost }: StreamTotals): StreamClients {
  return { publishers: 0, players: 0, sent, lost, lagMs: 0 };
}
