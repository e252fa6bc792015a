import { ProtocolError } from "../../base/errors.ts";
import type { PublishTask } from "../../live/ports/clients.ts";
import type { Source, SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { PacketKind } from "../../media/packet.ts";
import type { EpochCommandArguments } from "../../rtmp/connect.ts";
import type { MediaHandler, NetStream } from "../../rtmp/net-stream.ts";
import { BitrateWatch } from "./bitrate.ts";
import { refusalCodes } from "./codes.ts";
import type { PublishLimits, RtmpVhost } from "./context.ts";
import { isPreferred } from "./preference.ts";

/** A publisher's fault: it has sent nothing for too long, or too much. */
export interface Complaint {
  /** The key whose limit it exceeds. */
  readonly rule: "firstpkt_timeout" | "normal_timeout" | "max_publish_kbps";
  /** For the log. */
  readonly message: string;
  readonly reason: string;
  /** The protocol's code with which its connection is closed; without one, the fault is only logged. */
  readonly code: string | undefined;
}

/** One stream that a connection publishes: passes its media to the source, and checks that it keeps coming. */
export class Publisher implements MediaHandler, PublishTask {
  readonly kind = "publish";
  readonly lost = 0;
  readonly stream: Stream;
  readonly source: Source;
  readonly net: NetStream;
  /** The vhost's name in the configuration. */
  readonly vhost: string;
  #config: RtmpVhost["publish"];
  /** The source's frames at the last check: headers and data don't count as media. */
  #frames = 0;
  #lastMediaAt: number;
  #begun = false;
  readonly #bitrate = new BitrateWatch();
  /** The publishing server has sent a text that is no epoch. */
  #epochMalformed = false;
  /** Notified of the first data message that cannot be read. */
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

  get relay(): boolean {
    return this.source.info.hops.length > 0;
  }

  get since(): number {
    return this.source.since;
  }

  get bytes(): number {
    return this.source.bytes;
  }

  /** The vhost's configuration has changed; `address` is the publisher's, `""` if it grants nothing. */
  configure(config: RtmpVhost["publish"], address: string): void {
    this.#config = config;
    this.source.preferred = isPreferred(config.prefer, address, this.source.info.param);
  }

  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void {
    if (kind === PacketKind.Data) {
      this.#pushData(timestamp, payload, amf3);
      return;
    }
    this.source.push(kind, timestamp, payload, amf3);
  }

  /** The publishing server has sent the stream's epoch. False the first time that the text is no epoch. */
  receiveEpoch(...args: EpochCommandArguments): boolean {
    if (this.source.receiveEpoch(...args) || this.#epochMalformed) return true;
    this.#epochMalformed = true;
    return false;
  }

  /** The publishing server has sent the age of its packets at their arrival. */
  receiveAge(ms: number | undefined): void {
    this.source.receiveAge(ms);
  }

  end(how: SourceEnd): void {
    this.source.end(how);
  }

  /** Passes a data message. Encoders with odd metadata send good media, so a message that cannot be read is left out. */
  #pushData(timestamp: number, payload: Uint8Array, amf3: boolean): void {
    try {
      this.source.push(PacketKind.Data, timestamp, payload, amf3);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#onMalformed?.(error.message);
      this.#onMalformed = undefined;
    }
  }

  /** The publisher's fault at `now` (monotonic ms), if any. Called about once a second. */
  look(now: number, limits: PublishLimits | undefined): Complaint | undefined {
    const reason = this.#silence(now);
    if (reason !== undefined) {
      const rule = this.#begun ? "normal_timeout" : "firstpkt_timeout";
      const message = "publisher is silent, connection closed";
      return { rule, message, reason: `${reason} (${rule})`, code: "NetStream.Publish.Idle" };
    }
    const kbps = this.#bitrate.look(this.source.bytes, limits?.max_publish_kbps ?? 0);
    return limits === undefined || kbps === undefined ? undefined : excess(kbps, limits);
  }

  #silence(now: number): string | undefined {
    const { frames } = this.source;
    if (frames !== this.#frames) {
      this.#frames = frames;
      this.#begun = true;
      this.#lastMediaAt = now;
      return undefined;
    }
    const { firstpkt_timeout: first, normal_timeout: normal } = this.#config;
    const silentMs = now - this.#lastMediaAt;
    if (silentMs <= (this.#begun ? normal : first)) return undefined;
    return this.#begun ? `no audio or video for ${normal} ms` : `no audio or video within ${first} ms`;
  }
}

function excess(kbps: number, { max_publish_kbps: max, on_excess: onExcess }: PublishLimits): Complaint {
  const rule = "max_publish_kbps";
  const reason = `${kbps} kbit/s over ten seconds, ${max} allowed (${rule})`;
  if (onExcess === "warn") return { rule, message: "publisher sends too much", reason, code: undefined };
  return { rule, message: "publisher sends too much, connection closed", reason, code: refusalCodes.publish.limit };
}
