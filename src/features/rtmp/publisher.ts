import { ProtocolError } from "../../base/errors.ts";
import type { Source, SourceEnd } from "../../live/source.ts";
import type { Stream } from "../../live/stream.ts";
import { PacketKind } from "../../media/packet.ts";
import type { MediaHandler, NetStream } from "../../rtmp/net-stream.ts";
import { BitrateWatch } from "./bitrate.ts";
import type { RtmpVhost } from "./context.ts";
import { isPreferred } from "./preference.ts";

/** A publisher's having sent nothing for too long. */
export interface Silence {
  /** The key that says how long it may be. */
  readonly kind: "firstpkt_timeout" | "normal_timeout";
  readonly reason: string;
}

/** One stream that a connection publishes: hands its media to the source and watches that it keeps coming. */
export class Publisher implements MediaHandler {
  readonly stream: Stream;
  readonly source: Source;
  readonly net: NetStream;
  /** The vhost's name in the configuration. */
  readonly vhost: string;
  #config: RtmpVhost["publish"];
  #mediaSinceTick = false;
  #lastMediaAt: number;
  #begun = false;
  readonly #bitrate = new BitrateWatch();
  /** Told of the first data message that cannot be read. */
  #onMalformed: ((reason: string) => void) | undefined;

  constructor(
    net: NetStream,
    vhost: string,
    stream: Stream,
    source: Source,
    config: RtmpVhost["publish"],
    onMalformed: (reason: string) => void,
  ) {
    this.net = net;
    this.vhost = vhost;
    this.stream = stream;
    this.source = source;
    this.#config = config;
    this.#lastMediaAt = source.since;
    this.#onMalformed = onMalformed;
  }

  /** The vhost's configuration has changed; `address` is where the publisher comes from. */
  configure(config: RtmpVhost["publish"], address: string): void {
    this.#config = config;
    this.source.preferred = isPreferred(config.prefer, address, this.source.info.param);
  }

  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void {
    if (kind === PacketKind.Data) {
      this.#pushData(timestamp, payload, amf3);
      return;
    }
    this.#mediaSinceTick = true;
    this.source.push(kind, timestamp, payload, amf3);
  }

  /** Whether anybody waits for what it sends. */
  get watched(): boolean {
    return this.source.watched;
  }

  end(how: SourceEnd): void {
    this.source.end(how);
  }

  /** Encoders that write odd metadata send sound media: what cannot be read is left out, and the stream goes on. */
  #pushData(timestamp: number, payload: Uint8Array, amf3: boolean): void {
    try {
      this.source.push(PacketKind.Data, timestamp, payload, amf3);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#onMalformed?.(error.message);
      this.#onMalformed = undefined;
    }
  }

  /** The kbit/s when it has begun to send more than `limit` allows (0: any number). Called about once a second. */
  excess(limit: number): number | undefined {
    return this.#bitrate.look(this.source.bytes, limit);
  }

  /** Why the publisher has been silent for too long at `now` (monotonic ms), or undefined. Called about once a second. */
  silence(now: number): Silence | undefined {
    if (this.#mediaSinceTick) {
      this.#mediaSinceTick = false;
      this.#begun = true;
      this.#lastMediaAt = now;
      return undefined;
    }
    const { firstpkt_timeout: first, normal_timeout: normal } = this.#config;
    const silentMs = now - this.#lastMediaAt;
    if (this.#begun) {
      if (silentMs <= normal) return undefined;
      return { kind: "normal_timeout", reason: `no audio or video for ${normal} ms (normal_timeout)` };
    }
    if (silentMs <= first) return undefined;
    return { kind: "firstpkt_timeout", reason: `no audio or video within ${first} ms (firstpkt_timeout)` };
  }
}
