import type { Transport } from "../../base/transport.ts";
import type { PlayTask } from "../../live/ports/clients.ts";
import type { Refused } from "../../live/ports/entry.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { ReaderEvents } from "../../live/readers/format.ts";
import type { Reader } from "../../live/readers/reader.ts";
import { ToldAge } from "../../live/source/told-age.ts";
import type { Stream } from "../../live/stream.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";
import { missingRefusal, originRefusal } from "./refused.ts";

/** The properties of a player. */
interface PlayerOptions {
  readonly demand: Demand;
  /** The player was admitted, and gets no stream after all. */
  readonly refuse: (refused: Refused) => void;
  /** For a relay: this server's id, which is added to the hops that the relay gets. */
  readonly node: string | undefined;
  /** Monotonic ms. */
  readonly since: number;
}

/** One stream that a connection plays. */
export class Player implements ReaderEvents, PlayTask {
  readonly kind = "play";
  readonly stream: Stream;
  readonly net: NetStream;
  /** The vhost's name in the configuration. */
  readonly vhost: string;
  readonly #transport: Transport;
  readonly #formats: RtmpFormats;
  readonly #demand: Demand;
  readonly #refuse: PlayerOptions["refuse"];
  readonly #node: string | undefined;
  /** The kinds of media that the client wants. */
  readonly #wants = { audio: true, video: true };
  readonly since: number;
  /** For relays only. */
  readonly epoch?: (lost: boolean) => void;
  readonly skipped?: () => void;
  #reader: Reader | undefined;
  readonly #toldAge = new ToldAge();
  /** Bytes sent to earlier readers, and packets lost by them. */
  #pastBytes = 0;
  #pastLost = 0;

  constructor(
    net: NetStream,
    vhost: string,
    stream: Stream,
    transport: Transport,
    formats: RtmpFormats,
    { demand, refuse, node, since }: PlayerOptions,
  ) {
    this.net = net;
    this.vhost = vhost;
    this.stream = stream;
    this.#transport = transport;
    this.#formats = formats;
    this.#demand = demand;
    this.#refuse = refuse;
    this.#node = node;
    if (node !== undefined) {
      this.epoch = (lost) => this.#sendEpoch(lost);
      this.skipped = () => this.#sendEpoch(true);
    }
    this.since = since;
  }

  get relay(): boolean {
    return this.#node !== undefined;
  }

  get bytes(): number {
    return this.#pastBytes + (this.#reader?.bytes ?? 0);
  }

  get lost(): number {
    return this.#pastLost + (this.#reader?.lost ?? 0);
  }

  get lagMs(): number {
    return this.#reader === undefined ? 0 : this.stream.lagMs(this.#reader);
  }

  /** Starts its reader, which may send at once, so the answer to play must be sent before. */
  begin(): void {
    this.rerouted();
    this.epoch?.(false);
    this.#reader = this.#join();
  }

  /** The transport has room again. */
  drained(): void {
    this.#reader?.drained();
  }

  /** Plays from the stream's start point again. The new reader joins before the old one leaves, so the stream keeps a viewer. */
  restart(): void {
    const before = this.#reader;
    this.#reader = this.#join();
    if (before === undefined) return;
    this.stream.leave(before);
    this.#pastBytes += before.bytes;
    this.#pastLost += before.lost;
  }

  published(): void {
    this.net.notifyPublished();
  }

  unpublished(): void {
    this.net.notifyUnpublished();
  }

  rerouted(): void {
    const { source } = this.stream;
    if (this.#node !== undefined && source !== undefined) this.net.sendHops([...source.info.hops, this.#node]);
  }

  /** Sends a relay the stream's epoch; `lost`: packets just before those in the epoch are missing. */
  #sendEpoch(lost: boolean): void {
    const { epoch = "", ladder, tracks } = this.stream.told;
    // A ladder's base need not be published: a server that asks for it gets the ladder.
    if (epoch !== "" || ladder !== "") this.net.sendEpoch(epoch, lost, ladder, tracks);
  }

  /** Sends a relay the age of its packets when they leave, if that has changed; called about once a second. */
  tellAge(): void {
    const age = this.stream.ageMs(this.#reader);
    if (this.#toldAge.isNews(age)) this.net.sendAge(age);
  }

  missing(reason: string): void {
    this.#refuse(missingRefusal(reason));
  }

  refused(reason: string): void {
    this.#refuse(originRefusal(reason));
  }

  pause(paused: boolean): void {
    if (this.#reader === undefined) return;
    if (paused) this.stream.pause(this.#reader);
    else this.stream.unpause(this.#reader);
  }

  /** The client has switched audio or video on or off. */
  receive(kind: "audio" | "video", on: boolean): void {
    this.#wants[kind] = on;
    if (this.#reader !== undefined) this.stream.reformat(this.#reader, this.#format());
  }

  end(): void {
    if (this.#reader !== undefined) this.stream.leave(this.#reader);
  }

  #join(): Reader {
    return this.stream.join(this.#format(), this.#transport, this, this.#demand);
  }

  #format() {
    const { chunkSize, id } = this.net;
    return this.#formats.get({
      chunkSize,
      messageStreamId: id,
      ...this.#wants,
      publishing: false,
    });
  }
}
