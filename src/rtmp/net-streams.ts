// Hot: publisherOf runs for each media message.
import { ProtocolError } from "../base/errors.ts";
import type { NetStream } from "./net-stream.ts";

/** Message streams that one connection may have open. */
const MAX_STREAMS = 64;

/** The message streams of one connection by id. */
export class NetStreams {
  readonly #make: (id: number) => NetStream;
  readonly #streams = new Map<number, NetStream>();
  /** The stream that publishes the media of message stream `#mediaStreamId`: usually the next message belongs to it, too. */
  #publisher: NetStream | undefined;
  #mediaStreamId = 0;
  /** The only stream that publishes, if there is exactly one. */
  #only: NetStream | undefined;
  #onlyKnown = false;

  constructor(make: (id: number) => NetStream) {
    this.#make = make;
  }

  get(id: number): NetStream | undefined {
    return this.#streams.get(id);
  }

  /** The stream that a client names instead of giving its id. */
  named(name: string): NetStream | undefined {
    return [...this.#streams.values()].find((stream) => stream.name === name);
  }

  get publishing(): readonly NetStream[] {
    return [...this.#streams.values()].filter((stream) => stream.role === "publishing");
  }

  /** Opens the stream with the lowest free id. */
  openNext(): NetStream {
    let id = 1;
    while (this.#streams.has(id)) id++;
    return this.open(id);
  }

  /** Throws ProtocolError when there are too many. */
  open(id: number): NetStream {
    if (this.#streams.size >= MAX_STREAMS) throw new ProtocolError(`more than ${MAX_STREAMS} streams on a connection`);
    const stream = this.#make(id);
    this.#streams.set(id, stream);
    return stream;
  }

  delete(stream: NetStream): void {
    this.#streams.delete(stream.id);
  }

  /** A command was processed: it may have changed which streams publish. */
  changed(): void {
    this.#publisher = undefined;
    this.#onlyKnown = false;
  }

  /**
   * The stream that publishes the media of a message stream. Media on another message stream belongs to the only publishing
   * one, if there is just one, as encoders are sloppy here. Media of a refused publish is dropped.
   */
  publisherOf(streamId: number): NetStream | undefined {
    if (this.#publisher === undefined || this.#mediaStreamId !== streamId) {
      this.#publisher = this.#find(streamId);
      this.#mediaStreamId = streamId;
    }
    return this.#publisher;
  }

  /** The only publisher is determined once after each command, as a peer can send media at any rate. */
  #find(streamId: number): NetStream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream?.role === "publishing") return stream;
    if (stream?.refused) return undefined;
    if (!this.#onlyKnown) {
      const { publishing } = this;
      this.#only = publishing.length === 1 ? publishing[0] : undefined;
      this.#onlyKnown = true;
    }
    return this.#only;
  }
}
