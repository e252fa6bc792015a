// Hot: used for every chunk that arrives. No closures, iterators or strings on the usual way.
import { ProtocolError } from "../base/errors.ts";

/** The reader's state of one chunk stream: the header fields that later chunks may omit, and the unfinished message. */
export class ChunkStream {
  readonly id: number;
  /** Timestamp of the current message, u32 milliseconds. */
  timestamp = 0;
  /** The delta that a type-3 chunk adds when it begins a message, u32 milliseconds. */
  delta = 0;
  /** Body length of the current message. */
  length = 0;
  type = 0;
  streamId = 0;
  /** The newest type-0, 1 or 2 header had an extended timestamp. */
  extended = false;
  /** The value of that extended timestamp: absolute after type 0, else a delta. */
  extendedValue = 0;
  /** Bytes of the unfinished message received so far; 0 between messages. */
  received = 0;
  /** Buffer of the unfinished message: as long as the whole message, or shorter while most of a long one is missing. */
  body: Uint8Array | undefined = undefined;

  constructor(id: number) {
    this.id = id;
  }
}

/** First id that does not fit a one-byte basic header; ids below are found by index. */
const MAPPED_FROM = 64;

/** The chunk streams of one connection by id; their number is limited. */
export class ChunkStreams {
  /** Sized for its highest id, which is usually below ten. */
  readonly #low: (ChunkStream | undefined)[] = [];
  readonly #high = new Map<number, ChunkStream>();
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  find(id: number): ChunkStream | undefined {
    if (id < this.#low.length) return this.#low[id];
    return id < MAPPED_FROM ? undefined : this.#high.get(id);
  }

  /** The id must be new. Throws when the connection has reached its limit of ids. */
  add(id: number): ChunkStream {
    if (this.#count >= this.#max) {
      throw new ProtocolError(`chunk stream ${id} is one more than the ${this.#max} a connection may use`);
    }
    this.#count++;
    const stream = new ChunkStream(id);
    if (id >= MAPPED_FROM) {
      this.#high.set(id, stream);
      return stream;
    }
    // Without holes, so that `find` stays fast.
    while (this.#low.length <= id) this.#low.push(undefined);
    this.#low[id] = stream;
    return stream;
  }

  /** Removes all of them, with their unfinished messages. */
  clear(): void {
    this.#low.length = 0;
    this.#high.clear();
    this.#count = 0;
  }
}
