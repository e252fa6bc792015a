import type { Demand } from "../../live/readers/demand.ts";
import type { ReaderEvents } from "../../live/readers/format.ts";
import type { PacketRange } from "../../live/readers/packet-reader.ts";
import type { Reader } from "../../live/readers/reader.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName } from "../../live/streams.ts";

/** How long a variant that nobody publishes is wanted, and how long it then rests, while another variant is listed. */
const ASK_MS = 60_000;
const REST_MS = 300_000;
/** Maximum number of resting streams. */
const MAX_RESTING = 4096;

/** A sink that is never empty, for readers that only show that a viewer wants the stream: they cost nothing. */
const NO_SINK = { bytesQueued: 1, send: () => true };

/** Variants that no server had, such as a ladder's base. Viewers do not want them for a while, so that origins are not asked on and on. */
export class RestingStreams {
  /** When each rest ends, monotonic ms, by the stream's key; in this order. */
  readonly #until = new Map<string, number>();

  rest(key: string, now: number): void {
    if (this.has(key, now)) return;
    this.#until.delete(key);
    if (this.#until.size >= MAX_RESTING) this.#until.delete(this.#until.keys().next().value ?? "");
    this.#until.set(key, now + REST_MS);
  }

  has(key: string, now: number): boolean {
    return (this.#until.get(key) ?? 0) > now;
  }
}

/** The streams of a server. */
export interface AllStreams {
  find(name: StreamName): Stream | undefined;
  /** The stream of a name, made where there is none. */
  open(name: StreamName): Stream;
}

/** A stream that a viewer wants. */
interface Wanted {
  readonly name: StreamName;
  /** Undefined while it rests. */
  joined: { readonly stream: Stream; readonly reader: Reader<PacketRange> } | undefined;
  /** When it last had a source, or the viewer began to want it, monotonic ms. */
  since: number;
}

/** The streams that one viewer wants, so that they are fetched. */
export class WantedStreams {
  readonly #all: Wanted[];
  readonly #streams: AllStreams;
  readonly #resting: RestingStreams;
  readonly #events: ReaderEvents;
  readonly #demand: Demand;
  /** The stream that the viewer is counted for. */
  readonly first: Stream;

  /** `others`: a stream of the group is listed. */
  constructor(
    names: readonly [StreamName, ...StreamName[]],
    streams: AllStreams,
    resting: RestingStreams,
    viewer: { readonly events: ReaderEvents; readonly demand: Demand },
    now: number,
    others: boolean,
  ) {
    this.#streams = streams;
    this.#resting = resting;
    this.#events = viewer.events;
    this.#demand = viewer.demand;
    this.#all = [];
    this.add(names, now, others);
    const joined = this.#all.find((wanted) => wanted.joined !== undefined) ?? this.#all[0];
    this.first = joined?.joined?.stream ?? this.#join(joined as Wanted, now);
  }

  /** Wants more streams. `others`: a stream of the group is listed. */
  add(names: readonly StreamName[], now: number, others: boolean): void {
    for (const name of names) {
      const wanted: Wanted = { name, joined: undefined, since: now };
      this.#all.push(wanted);
      if (!others || this.#isWanted(wanted, now)) this.#join(wanted, now);
    }
  }

  /** How many streams are wanted now. */
  get size(): number {
    return this.#all.filter(({ joined }) => joined !== undefined).length;
  }

  /** Lets streams without a source rest while others are listed, and wants rested ones again. */
  look(now: number, others: boolean): void {
    if (this.#all.length === 1) return;
    for (const wanted of this.#all) {
      const { name, joined, since } = wanted;
      if (joined === undefined) {
        if (this.#isWanted(wanted, now)) this.#join(wanted, now);
      } else if (joined.stream.source !== undefined) wanted.since = now;
      else if (others && (now - since >= ASK_MS || !this.#isWanted(wanted, now))) {
        this.#resting.rest(keyOf(name), now);
        this.#leave(wanted);
      }
    }
  }

  /** The viewer is gone. */
  leave(): void {
    for (const wanted of this.#all) this.#leave(wanted);
  }

  #isWanted({ name }: Wanted, now: number): boolean {
    return !this.#resting.has(keyOf(name), now) || this.#streams.find(name)?.source !== undefined;
  }

  #join(wanted: Wanted, now: number): Stream {
    const stream = this.#streams.open(wanted.name);
    const reader = stream.tap(NO_SINK, this.#events, this.#demand);
    stream.pause(reader);
    wanted.joined = { stream, reader };
    wanted.since = now;
    return stream;
  }

  #leave(wanted: Wanted): void {
    const { joined } = wanted;
    wanted.joined = undefined;
    joined?.stream.leave(joined.reader);
  }
}

function keyOf({ vhost, app, stream }: StreamName): string {
  return `${vhost}/${app}/${stream}`;
}
