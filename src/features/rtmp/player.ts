import type { Transport } from "../../base/transport.ts";
import type { Demand } from "../../live/demand.ts";
import type { ReaderEvents } from "../../live/format.ts";
import type { Reader } from "../../live/reader.ts";
import type { Stream } from "../../live/stream.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";
import type { Wishes } from "./admission.ts";

/** What a player is besides. */
interface PlayerOptions {
  readonly demand: Demand;
  /** Told when the stream is nowhere to be had. */
  readonly onMissing: (reason: string) => void;
  /** For a relay, which has to know the stream's way: this server's id. */
  readonly node: string | undefined;
}

/** One stream that a connection plays. */
export class Player implements ReaderEvents {
  readonly stream: Stream;
  readonly net: NetStream;
  /** The vhost's name in the configuration. */
  readonly vhost: string;
  readonly reader: Reader;
  readonly #formats: RtmpFormats;
  readonly #onMissing: (reason: string) => void;
  readonly #wishes: Wishes;
  readonly #node: string | undefined;

  /**
   * Begins at once: what the stream has for a new reader is sent in here, so `acceptPlay` comes before. `wishes` becomes the
   * player's.
   */
  constructor(
    net: NetStream,
    vhost: string,
    stream: Stream,
    transport: Transport,
    formats: RtmpFormats,
    wishes: Wishes,
    { demand, onMissing, node }: PlayerOptions,
  ) {
    this.net = net;
    this.vhost = vhost;
    this.stream = stream;
    this.#formats = formats;
    this.#wishes = wishes;
    this.#onMissing = onMissing;
    this.#node = node;
    this.rerouted();
    this.reader = stream.join(this.#format(), transport, this, demand);
    if (wishes.paused) this.pause(true);
  }

  published(): void {
    this.net.notifyPublished();
  }

  unpublished(): void {
    this.net.notifyUnpublished();
  }

  rerouted(): void {
    const { source } = this.stream;
    if (this.#node !== undefined && source !== undefined) this.net.tellHops([...source.info.hops, this.#node]);
  }

  missing(reason: string): void {
    this.#onMissing(reason);
  }

  pause(paused: boolean): void {
    if (paused) this.stream.pause(this.reader);
    else this.stream.unpause(this.reader);
  }

  /** The client wants audio or video, or no longer. */
  receive(kind: "audio" | "video", on: boolean): void {
    this.#wishes[kind] = on;
    this.stream.reformat(this.reader, this.#format());
  }

  end(): void {
    this.stream.leave(this.reader);
  }

  #format() {
    const { chunkSize, id } = this.net;
    return this.#formats.get({
      chunkSize,
      messageStreamId: id,
      audio: this.#wishes.audio,
      video: this.#wishes.video,
      publishing: false,
    });
  }
}
