import type { Transport } from "../../base/transport.ts";
import type { Demand } from "../../live/demand.ts";
import type { ReaderEvents } from "../../live/format.ts";
import type { Reader } from "../../live/reader.ts";
import type { Stream } from "../../live/stream.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";

/** One stream that a connection plays. */
export class Player implements ReaderEvents {
  readonly stream: Stream;
  readonly net: NetStream;
  /** The vhost's name in the configuration. */
  readonly vhost: string;
  readonly reader: Reader;
  readonly #formats: RtmpFormats;
  readonly #onMissing: (reason: string) => void;
  #audio = true;
  #video = true;

  /**
   * Begins at once: what the stream has for a new reader is sent in here, so `acceptPlay` comes before. `onMissing` is told
   * when the stream is nowhere to be had.
   */
  constructor(
    net: NetStream,
    vhost: string,
    stream: Stream,
    transport: Transport,
    formats: RtmpFormats,
    demand: Demand,
    onMissing: (reason: string) => void,
  ) {
    this.net = net;
    this.vhost = vhost;
    this.stream = stream;
    this.#formats = formats;
    this.#onMissing = onMissing;
    this.reader = stream.join(this.#format(), transport, this, demand);
  }

  published(): void {
    this.net.notifyPublished();
  }

  unpublished(): void {
    this.net.notifyUnpublished();
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
    if (kind === "audio") this.#audio = on;
    else this.#video = on;
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
      audio: this.#audio,
      video: this.#video,
      publishing: false,
    });
  }
}
