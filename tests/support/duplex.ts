import { between } from "./random.ts";

/** Takes bytes that arrive; `ClientSession` and `ServerSession` are such. */
export interface Receiver {
  receive(bytes: Uint8Array): void;
}

/** One direction: what was sent, in order. Pieces are cut wherever chance wants, across the borders of what was sent. */
class Pipe {
  #queued: Uint8Array[] = [];
  bytes = 0;

  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#queued.push(bytes.slice());
    this.bytes += bytes.length;
  }

  get empty(): boolean {
    return this.#queued.length === 0;
  }

  /** Takes up to `longest` bytes off. */
  read(longest: number): Uint8Array {
    const piece = new Uint8Array(longest);
    let at = 0;
    for (let next = this.#queued[0]; next !== undefined && at < longest; next = this.#queued[0]) {
      const part = next.subarray(0, longest - at);
      piece.set(part, at);
      at += part.length;
      if (part.length < next.length) this.#queued[0] = next.subarray(part.length);
      else this.#queued.shift();
    }
    return piece.slice(0, at);
  }
}

/** A connection in memory between two sessions, without time and with seeded random fragmentation in both directions. */
export class Duplex {
  readonly toServer = new Pipe();
  readonly toClient = new Pipe();
  readonly #random: () => number;
  readonly #longest: number;

  /** Pieces have 1 to `longest` bytes. */
  constructor(random: () => number, longest: number) {
    this.#random = random;
    this.#longest = longest;
  }

  /** Delivers until nothing is under way any more. */
  run(client: Receiver, server: Receiver): void {
    for (;;) {
      const ways = [
        { pipe: this.toServer, to: server },
        { pipe: this.toClient, to: client },
      ].filter(({ pipe }) => !pipe.empty);
      const way = ways[between(this.#random, 0, ways.length - 1)];
      if (way === undefined) return;
      way.to.receive(way.pipe.read(between(this.#random, 1, this.#longest)));
    }
  }
}
