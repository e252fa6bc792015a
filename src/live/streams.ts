import type { Clock } from "../base/clock.ts";
import type { StreamConfig } from "./config.ts";
import { SlabPool } from "./log/slabs.ts";
import type { Demand } from "./readers/demand.ts";
import { Flusher } from "./readers/flusher.ts";
import { type Correction, Corrections } from "./source/corrections.ts";
import type { Source, SourceEnd } from "./source/source.ts";
import type { SourceSwitch } from "./source/switches.ts";
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

/** The address in a stream's key. Names of vhosts and streams have no slashes. */
export function nameOfKey(key: string): StreamName {
  const [first, last] = [key.indexOf("/"), key.lastIndexOf("/")];
  return { vhost: key.slice(0, first), app: key.slice(first + 1, last), stream: key.slice(last + 1) };
}

/**
 * Callbacks of a feature (forward, a recorder, HLS): every stream that begins and ends and, for features that fetch streams
 * from other servers, its first and last viewer. Relays are no viewers.
 */
export interface StreamObserver {
  published(stream: Stream, name: StreamName, source: Source): void;
  unpublished(stream: Stream, source: Source, how: SourceEnd): void;
  /** The first viewer has joined, whether the stream is published or not. */
  wanted?(stream: Stream, name: StreamName, demand: Demand): void;
  /** Another viewer has joined, with a demand of its own. */
  viewerJoined?(stream: Stream, demand: Demand): void;
  /** The last viewer has left; called once for each `wanted`. */
  unwanted?(stream: Stream): void;
  /** Another source of the stream is about to become active; its readers stay, and so should relays. */
  switched?(stream: Stream, change: SourceSwitch): void;
  /** A stream's timestamps were corrected: called for the first, the tenth, the hundredth… correction of each kind. */
  corrected?(stream: Stream, correction: Correction): void;
  /** A source's video has key frames but no sequence header. */
  headerless?(stream: Stream, codec: string): void;
  /** The active source is the same, but its stream now comes through other servers. */
  rerouted?(stream: Stream): void;
  /** A client that does not wait was refused, as nobody publishes a stream of this name. */
  absent?(name: StreamName): void;
}

/**
 * All streams of the server by key. A stream exists while a source or a reader uses it, so requests for names that nobody
 * publishes leave nothing behind.
 */
export class Streams {
  readonly #streams = new Map<string, Stream>();
  /** By vhost; an entry exists while the vhost has a stream. */
  readonly #counts = new Map<string, { all: number; published: number }>();
  /** Counts of timestamp corrections in all streams since the start. */
  readonly corrections = new Corrections();
  readonly #observers: StreamObserver[] = [];
  readonly #clock: Clock;
  readonly #flusher: Flusher;
  readonly #slabs: SlabPool;
  readonly #newEpochId: () => string;
  readonly #owner: StreamOwner;

  /**
   * `onFault` receives an exception of a stream's flush, a bug; the other streams continue. `newEpochId` gives 32
   * random hexadecimal digits.
   */
  constructor(clock: Clock, onFault: (error: unknown) => void, newEpochId: () => string, slabs = new SlabPool(clock)) {
    this.#clock = clock;
    this.#newEpochId = newEpochId;
    this.#flusher = new Flusher(clock, onFault);
    this.#slabs = slabs;
    this.#owner = this.#owned();
  }

  /** Adds an observer; streams already published are not repeated to it. */
  observe(observer: StreamObserver): void {
    this.#observers.push(observer);
  }

  /** The stream of that name, if it exists. */
  find({ vhost, app, stream }: StreamName): Stream | undefined {
    return this.#streams.get(`${vhost}/${app}/${stream}`);
  }

  /** A client that does not wait was refused, as nobody publishes the stream. */
  reportAbsent(name: StreamName): void {
    for (const observer of this.#observers) observer.absent?.(name);
  }

  /** How many streams of a vhost are published, and how many only have waiting viewers. */
  count(vhost: string): { readonly published: number; readonly waiting: number } {
    const { all, published } = this.#counts.get(vhost) ?? { all: 0, published: 0 };
    return { published, waiting: all - published };
  }

  /** All streams, in the order of their creation. */
  all(): Iterable<Stream> {
    return this.#streams.values();
  }

  /** A vhost's configuration has changed: its streams follow it. */
  configure(vhost: string, config: StreamConfig): void {
    for (const stream of this.#streams.values()) if (stream.key.startsWith(`${vhost}/`)) stream.configure(config);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Rounds of flushes since the start, and how long they took together. */
  get flushes(): { readonly rounds: number; readonly busyMs: number } {
    return this.#flusher.totals;
  }

  /** Sources that stand by, of all streams. */
  get standbys(): number {
    let sum = 0;
    for (const { sources } of this.#streams.values()) sum += sources.standbys.length;
    return sum;
  }

  /** The stream of that name, created if necessary; the caller publishes or joins at once, else it stays idle. */
  open(name: StreamName, config: StreamConfig): Stream {
    const key = `${name.vhost}/${name.app}/${name.stream}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream = new Stream(key, config, this.#owner);
    this.#streams.set(key, stream);
    const counts = this.#counts.get(name.vhost) ?? { all: 0, published: 0 };
    counts.all++;
    this.#counts.set(name.vhost, counts);
    return stream;
  }

  /** The owner that all streams share: a crowd can wait for a hundred thousand names, and closures for each would cost memory. */
  #owned(): StreamOwner {
    return {
      clock: this.#clock,
      flusher: this.#flusher,
      slabs: this.#slabs,
      corrections: this.corrections,
      newEpochId: this.#newEpochId,
      published: (stream, source) => {
        const name = nameOfKey(stream.key);
        const counts = this.#counts.get(name.vhost);
        if (counts !== undefined) counts.published++;
        for (const observer of this.#observers) observer.published(stream, name, source);
      },
      unpublished: (stream, source, how) => {
        const counts = this.#counts.get(nameOfKey(stream.key).vhost);
        if (counts !== undefined) counts.published--;
        for (const observer of this.#observers) observer.unpublished(stream, source, how);
      },
      wanted: (stream, demand) => {
        const name = nameOfKey(stream.key);
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
        const { vhost } = nameOfKey(stream.key);
        const counts = this.#counts.get(vhost);
        if (counts !== undefined && --counts.all === 0) this.#counts.delete(vhost);
      },
    };
  }
}
