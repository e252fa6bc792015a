import type { Clock } from "../base/clock.ts";
import type { StreamConfig } from "./config.ts";
import { SlabPool } from "./log/slabs.ts";
import type { Demand } from "./readers/demand.ts";
import { Flusher } from "./readers/flusher.ts";
import { type Correction, Corrections } from "./source/corrections.ts";
import type { Source, SourceEnd } from "./source/source.ts";
import type { SourceSwitch } from "./source/sources.ts";
import { Stream, type StreamOwner } from "./stream.ts";

/** A stream's address once its vhost is resolved; the parts of its key. */
export interface StreamName {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** A stream's key as people write it: without the default vhost's name. */
export function streamLabel(key: string): string {
  return key.replace(/^__defaultVhost__(?=\/)/, "");
}

/**
 * What a feature (forward, a recorder, HLS) plugs into: it is told of every stream that begins and ends, and, when it can
 * get streams from elsewhere, of their first and last viewers. Relays are no viewers.
 */
export interface StreamObserver {
  published(stream: Stream, name: StreamName, source: Source): void;
  unpublished(stream: Stream, source: Source, how: SourceEnd): void;
  /** The first viewer has come, whether anybody publishes or not. */
  wanted?(stream: Stream, name: StreamName, demand: Demand): void;
  /** Another viewer has come, with words of its own. */
  viewerJoined?(stream: Stream, demand: Demand): void;
  /** The last viewer has gone; called once for each `wanted`. */
  unwanted?(stream: Stream): void;
  /** Another source of a stream is about to go on; its readers stay, and so should whoever carries it further. */
  switched?(stream: Stream, change: SourceSwitch): void;
  /** A stream's timestamps were corrected: the first time, the tenth, the hundredth... of each kind. */
  corrected?(stream: Stream, correction: Correction): void;
  /** A source's video has key frames but no sequence header. */
  headerless?(stream: Stream, codec: string): void;
  /** The active source is the same, but its stream comes over other servers. */
  rerouted?(stream: Stream): void;
}

/**
 * All streams of the server by key. A stream is there while somebody publishes or reads it, so that asking for names that
 * nobody publishes leaves nothing behind.
 */
export class Streams {
  readonly #streams = new Map<string, Stream>();
  /** By vhost; there while it has a stream. */
  readonly #counts = new Map<string, { all: number; published: number }>();
  /** What was changed in the timestamps of all streams that ever were. */
  readonly corrections = new Corrections();
  readonly #observers: StreamObserver[] = [];
  readonly #clock: Clock;
  readonly #flusher: Flusher;
  readonly #slabs: SlabPool;
  readonly #newEpochId: () => string;

  /**
   * `onFault` is told what a stream's flush threw, a fault of the program's own; the other streams go on. `newEpochId` gives 32
   * random hexadecimal digits.
   */
  constructor(clock: Clock, onFault: (error: unknown) => void, newEpochId: () => string, slabs = new SlabPool(clock)) {
    this.#clock = clock;
    this.#newEpochId = newEpochId;
    this.#flusher = new Flusher(clock, onFault);
    this.#slabs = slabs;
  }

  /** Adds an observer; those of streams already published are not repeated to it. */
  observe(observer: StreamObserver): void {
    this.#observers.push(observer);
  }

  /** The stream of that name, if it is there. */
  find({ vhost, app, stream }: StreamName): Stream | undefined {
    return this.#streams.get(`${vhost}/${app}/${stream}`);
  }

  /** How many streams of a vhost are published, and how many only waited for. */
  count(vhost: string): { readonly published: number; readonly waiting: number } {
    const { all, published } = this.#counts.get(vhost) ?? { all: 0, published: 0 };
    return { published, waiting: all - published };
  }

  /** All streams, in the order in which they came to be. */
  all(): Iterable<Stream> {
    return this.#streams.values();
  }

  /** A vhost's configuration has changed: its streams go on by the new one. */
  configure(vhost: string, config: StreamConfig): void {
    for (const stream of this.#streams.values()) if (stream.key.startsWith(`${vhost}/`)) stream.configure(config);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Sources that stand by, of all streams. */
  get standbys(): number {
    let sum = 0;
    for (const { sources } of this.#streams.values()) sum += sources.standbys.length;
    return sum;
  }

  /** The stream of that name, made when it is not there; the caller publishes or joins at once, else it stays idle. */
  open(name: StreamName, config: StreamConfig): Stream {
    const key = `${name.vhost}/${name.app}/${name.stream}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream = new Stream(key, config, this.#ownerFor(name));
    this.#streams.set(key, stream);
    const counts = this.#counts.get(name.vhost) ?? { all: 0, published: 0 };
    counts.all++;
    this.#counts.set(name.vhost, counts);
    return stream;
  }

  #ownerFor(name: StreamName): StreamOwner {
    return {
      clock: this.#clock,
      flusher: this.#flusher,
      slabs: this.#slabs,
      corrections: this.corrections,
      newEpochId: this.#newEpochId,
      published: (stream, source) => {
        const counts = this.#counts.get(name.vhost);
        if (counts !== undefined) counts.published++;
        for (const observer of this.#observers) observer.published(stream, name, source);
      },
      unpublished: (stream, source, how) => {
        const counts = this.#counts.get(name.vhost);
        if (counts !== undefined) counts.published--;
        for (const observer of this.#observers) observer.unpublished(stream, source, how);
      },
      wanted: (stream, demand) => {
        for (const observer of this.#observers) observer.wanted?.(stream, name, demand);
      },
      viewerJoined: (stream, demand) => {
        for (const observer of this.#observers) observer.viewerJoined?.(stream, demand);
      },
      unwanted: (stream) => {
        for (const observer of this.#observers) observer.unwanted?.(stream);
      },
      switched: (stream, change) => {
        for (const observer of this.#observers) observer.switched?.(stream, change);
      },
      rerouted: (stream) => {
        for (const observer of this.#observers) observer.rerouted?.(stream);
      },
      corrected: (stream, correction) => {
        for (const observer of this.#observers) observer.corrected?.(stream, correction);
      },
      headerless: (stream, codec) => {
        for (const observer of this.#observers) observer.headerless?.(stream, codec);
      },
      idle: (stream) => {
        if (this.#streams.get(stream.key) !== stream) return;
        this.#streams.delete(stream.key);
        const counts = this.#counts.get(name.vhost);
        if (counts !== undefined && --counts.all === 0) this.#counts.delete(name.vhost);
      },
    };
  }
}
