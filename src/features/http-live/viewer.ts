// Hot: send runs for each viewer at each flush.
import type { Clock } from "../../base/clock.ts";
import type { Transport } from "../../base/transport.ts";
import { framed } from "../../http/framing.ts";
import type { PlayTask } from "../../live/ports/clients.ts";
import type { Refused } from "../../live/ports/entry.ts";
import type { HttpBody, HttpBodyOwner, HttpExchange } from "../../live/ports/http.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { ReaderEvents, Sink, WireFormat } from "../../live/readers/format.ts";
import type { Reader } from "../../live/readers/reader.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";
import { type Packet, PacketFlag, type PacketKind } from "../../media/packet.ts";
import type { Flavour } from "./flavours.ts";
import { mediaRefusal, missingRefusal, originRefusal } from "./refused.ts";

/** If a published stream has no key frame after this time, the answer begins without one, as edges wait only 5 s for an answer. */
const HEAD_MS = 3000;
/** If a published stream has no packet for the viewer's flavour after this time, the viewer is refused. */
const NOTHING_MS = 5000;
/** A viewer waits this long for a stream from another server, if nothing else ends the wait. */
const SEARCH_MS = 10_000;
/** A viewer waits no longer than this for its answer to begin, as proxies give up then. */
const MAX_WAIT_MS = 60_000;

/** What a viewer needs. */
export interface ViewerOptions {
  readonly clock: Clock;
  readonly exchange: HttpExchange;
  /** The request is HEAD: the answer has no body. */
  readonly headOnly: boolean;
  readonly stream: Stream;
  /** The name of the stream's vhost in the configuration. */
  readonly vhost: string;
  readonly flavour: Flavour;
  /** The flavour's format in the framing of the answer's body. */
  readonly format: WireFormat;
  readonly demand: Demand;
  /** How long the stream is searched for on other servers, ms; 0: not at all. */
  searchMs(): number;
  /** What happens to the viewer when its stream has stopped. */
  onUnpublish(): "close" | "wait";
  /** A flush has decided the viewer's answer; the owner calls `sendAnswer` after the flush. */
  answerKnown(viewer: Viewer): void;
  /** The viewer needs no more calls of `look`. */
  settled(viewer: Viewer): void;
  /** The viewer has ended. */
  over(viewer: Viewer): void;
}

/*
 * waiting ──there is something to send, or it will come──> streaming ──the stream has stopped, the client is gone──> over
 *    └──no server has the stream, it is refused, its codecs don't fit; HEAD──> over
 */
/** One viewer of a stream over HTTP. Its answer begins once the stream is known to have something to send. */
export class Viewer implements PlayTask, ReaderEvents, Sink, HttpBodyOwner {
  readonly kind = "play";
  readonly relay = false;
  readonly stream: Stream;
  /** The vhost's name in the configuration. */
  readonly vhost: string;
  /** When the viewer was admitted, monotonic ms. */
  readonly since: number;
  readonly #options: ViewerOptions;
  #state: "waiting" | "streaming" | "over" = "waiting";
  #reader: Reader | undefined;
  #body: HttpBody | undefined;
  /** Undefined before the flavour's opening is sent. */
  #transport: Transport | undefined;
  /** When the stream was published, while the viewer waits, monotonic ms. */
  #publishedSince: number | undefined;
  /** Why the flavour can't carry the stream's codecs; set during a flush. */
  #refusal: string | undefined;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.vhost = options.vhost;
    this.since = options.clock.now();
  }

  get bytes(): number {
    return this.#reader?.bytes ?? 0;
  }

  get lost(): number {
    return this.#reader?.lost ?? 0;
  }

  get lagMs(): number {
    return this.#reader === undefined ? 0 : this.stream.lagMs(this.#reader);
  }

  get waits(): boolean {
    return this.#state === "waiting";
  }

  /** Answers at once if the answer is known, or joins the stream. */
  begin(): void {
    const { exchange, format, demand } = this.#options;
    this.look();
    if (this.#state !== "waiting") return;
    exchange.onGone = () => this.gone();
    const reader = this.stream.join(format, this, this, demand);
    this.#reader = reader;
    // `join` may have sent packets already, and these may have ended the viewer.
    if (this.#isOver) this.stream.leave(reader);
  }

  /** Decides what can be decided without the stream's next packets; called every 250 ms while the viewer waits. */
  look(): void {
    if (this.#state !== "waiting") return;
    const { clock, flavour, headOnly } = this.#options;
    const now = clock.now();
    if (this.stream.source === undefined) {
      this.#publishedSince = undefined;
      if (now - this.since >= this.#maxWaitMs()) this.missing(`nobody publishes ${streamLabel(this.stream.key)}`);
      return;
    }
    this.#publishedSince ??= now;
    const why = flavour.refusal(this.#described());
    if (why !== undefined) this.#refuse(mediaRefusal(why));
    else if (headOnly) this.#answerHead();
    else this.#decideLate(now - this.#publishedSince);
  }

  /** Sends the answer that a flush has decided. */
  sendAnswer(): void {
    if (this.#state !== "waiting") return;
    if (this.#refusal === undefined) this.look();
    else this.#refuse(mediaRefusal(this.#refusal));
  }

  /** A piece of the stream. */
  send(piece: Uint8Array): boolean {
    const transport = this.#transport;
    return transport === undefined ? this.#sendFirst(piece) : transport.send(piece);
  }

  drained(): void {
    this.#reader?.drained();
  }

  gone(): void {
    this.#end("lost");
  }

  unpublished(): void {
    if (this.#state === "waiting") this.look();
    else if (this.#options.onUnpublish() === "close") this.finish("the stream has ended");
  }

  missing(reason: string): void {
    if (this.#state === "waiting") this.#refuse(missingRefusal(reason));
    else this.finish(reason);
  }

  refused(reason: string): void {
    if (this.#state === "waiting") this.#refuse(originRefusal(reason));
    else this.finish(reason);
  }

  /** Ends the answer from this side; if it has not begun, the viewer is refused. */
  finish(reason: string): void {
    const body = this.#body;
    if (this.#state === "waiting") this.#refuse(missingRefusal(reason));
    this.#end("unpublished");
    body?.end(reason);
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  /** How long the viewer still waits for a missing stream, ms. */
  #maxWaitMs(): number {
    if (this.stream.grace.runs) return MAX_WAIT_MS;
    const searchMs = this.#options.searchMs();
    return searchMs === Number.POSITIVE_INFINITY ? SEARCH_MS : Math.min(searchMs, MAX_WAIT_MS);
  }

  /** The headers with which the viewer begins; none while it has no start point. */
  #headers(): readonly Packet[] {
    const { format } = this.#options;
    const start = this.stream.startPoint(format) ?? this.stream.startPoint(format.withoutVideo);
    return start?.headers ?? [];
  }

  /** Packets that show the stream's codecs: headers, and for each kind without one, a frame's beginning. */
  #described(): readonly Packet[] {
    const headers = this.#headers();
    const has = (kind: PacketKind) =>
      headers.some(
        (packet) => packet.kind === kind && packet.track === 0 && (packet.flags & PacketFlag.SequenceHeader) !== 0,
      );
    return [...headers, ...(this.stream.source?.frameHeads ?? []).filter(({ kind }) => !has(kind))];
  }

  /** Decides about a viewer that got nothing, although the stream has been published for `ms`. */
  #decideLate(ms: number): void {
    const { flavour } = this.#options;
    if (this.#reader === undefined || this.#reader.state === "waiting") {
      if (ms >= HEAD_MS) this.#open();
    } else if (ms >= NOTHING_MS)
      this.#refuse(mediaRefusal(`${streamLabel(this.stream.key)} has nothing that can be sent as ${flavour.name}`));
  }

  #sendFirst(piece: Uint8Array): boolean {
    const { flavour, headOnly } = this.#options;
    const headers = this.#headers();
    if (this.#state === "waiting") {
      const why = flavour.refusal(this.#described());
      if (headOnly || why !== undefined) {
        this.#refusal = why;
        this.#options.answerKnown(this);
        return true;
      }
      this.#open();
    }
    const body = this.#body;
    if (body === undefined || this.#isOver) return true;
    this.#transport = body.transport;
    const opening = framed(body.framing, flavour.opening(headers));
    if (opening.length > 0) body.transport.send(opening);
    return body.transport.send(piece);
  }

  /** Begins the answer. */
  #open(): void {
    const { exchange, flavour, settled } = this.#options;
    this.#state = "streaming";
    exchange.onGone = undefined;
    this.#body = exchange.stream({ type: flavour.type }, this);
    settled(this);
    exchange.client.began(this);
  }

  #answerHead(): void {
    const { exchange, flavour } = this.#options;
    this.#end("unpublished");
    exchange.respond({ status: 200, headers: { "content-type": flavour.type, "cache-control": "no-store" } });
  }

  #refuse(refused: Refused): void {
    const { exchange } = this.#options;
    this.#end("unpublished");
    const about = { stream: streamLabel(this.stream.key) };
    exchange.refuse(refused, about);
  }

  #end(how: SourceEnd): void {
    const before = this.#state;
    if (before === "over") return;
    this.#state = "over";
    const { exchange, settled, over } = this.#options;
    exchange.onGone = undefined;
    if (this.#reader !== undefined) this.stream.leave(this.#reader);
    if (before === "streaming") exchange.client.ended(this, how);
    settled(this);
    over(this);
  }
}
