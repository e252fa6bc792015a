import type { PublishOptions, Source, SourceEnd } from "../../../src/live/source/source.ts";
import type { Stream } from "../../../src/live/stream.ts";
import type { Made } from "./encoder.ts";

/** What a way that is stuck takes before its sender gives up. */
const MOST_QUEUED = 400;

/** One connection over which an encoder's packets come to a stream: at once or late, in order, with pauses. */
export class Way {
  /** How late packets come over it. */
  readonly delayMs: number;
  readonly #queue: { readonly at: number; readonly made: Made }[] = [];
  #source: Source | undefined;
  #now = 0;
  #stuck = false;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }

  get connected(): boolean {
    return this.#source !== undefined && this.#source.role !== "ended";
  }

  /** False when the stream lets nobody in. */
  connect(stream: Stream, options: PublishOptions): boolean {
    this.#queue.length = 0;
    this.#stuck = false;
    this.#source = stream.publish({ id: "p", remote: "", param: "", hops: [], via: "client" }, options);
    return this.#source !== undefined;
  }

  end(how: SourceEnd): void {
    const source = this.#source;
    this.#source = undefined;
    source?.end(how);
  }

  /** Nothing comes through until `free`. */
  stick(): void {
    this.#stuck = true;
  }

  /** What was stuck comes at once. */
  free(): void {
    this.#stuck = false;
    this.#deliver();
  }

  send(made: Made): void {
    if (!this.connected) return;
    if (this.#queue.length === MOST_QUEUED) {
      this.end("lost");
      return;
    }
    this.#queue.push({ at: this.#now + this.delayMs, made });
    this.#deliver();
  }

  tick(ms: number): void {
    this.#now += ms;
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#stuck && this.#queue[0] !== undefined && this.#queue[0].at <= this.#now) {
      const next = this.#queue.shift();
      if (next !== undefined) this.#source?.push(next.made.kind, next.made.timestamp, next.made.payload);
    }
  }
}
