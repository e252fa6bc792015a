import type { Clock, Timer } from "../base/clock.ts";
import { LOOP } from "../live/ports/entry.ts";
import type { EpochCommandArguments } from "../rtmp/connect.ts";
import {
  ClientConnection,
  type ConnectionContext,
  type ConnectionEvents,
  type ConnectionTarget,
} from "./client-connection.ts";
import { type ConnectionFailure, failureText, statusText } from "./connection-failure.ts";
import type { HandshakeChoice } from "./handshake-choice.ts";
import { LinkDelay } from "./link-delay.ts";
import type { PullClient, PullClientEvents, PullEnd } from "./pull-client.ts";
import type { Redirect } from "./redirects.ts";

/** The server and the names at which a stream is played. */
export interface RtmpPullTarget extends ConnectionTarget {
  /** The handshake that the server accepts. */
  readonly handshake: HandshakeChoice;
  /** The most time for dialling, ms. */
  readonly timeoutMs: number;
}

/** The chunk size for what we send, bytes: a player sends only commands. */
const CHUNK_SIZE = 4096;

const PING_MS = 1000;

/** Status codes of servers that lack the stream. */
const NOT_THERE = /StreamNotFound|Play\.UnpublishNotify|Unpublish\.Success|Play\.Stop/;

/** The status code of a server that accepted our connect but does not send the stream. */
const PLAY_FAILED = "NetStream.Play.Failed";

/** A stream played at an RTMP server. */
export class RtmpPullClient implements PullClient, ConnectionEvents {
  readonly #events: PullClientEvents;
  readonly #connection: ClientConnection;
  readonly #clock: Clock;
  /** The age of packets when they leave the server, as it reports it, ms; `#link` is their way from there. */
  #leaving: number | undefined;
  readonly #link = new LinkDelay();
  #pinging: Timer | undefined;
  #pingedAt: number | undefined;
  #over = false;

  constructor(context: ConnectionContext, target: RtmpPullTarget, events: PullClientEvents) {
    this.#events = events;
    this.#clock = context.clock;
    const { handshake, timeoutMs: connectTimeoutMs } = target;
    const options = { chunkSize: CHUNK_SIZE, connectTimeoutMs, handshake, media: events };
    this.#connection = new ClientConnection(context, { ...target, follows: true }, options, this);
  }

  get bytes(): number {
    return this.#connection.bytesReceived;
  }

  close(): void {
    this.#over = true;
    this.#pinging?.cancel();
    this.#connection.close();
  }

  answered(): void {
    this.#events.answered?.();
  }

  failed(failure: ConnectionFailure): void {
    const { cause, stage } = failure;
    const error = failureText(failure, "the server");
    if (stage === "running") this.#end({ how: "lost", error });
    else if (stage === "dialling" || stage === "handshake") this.#end({ how: "unreachable", error });
    // Some servers refuse a vhost, an app or a stream without a message.
    else if (cause === "closed") this.#end({ how: "refused", error, description: "", redirect: undefined });
    else this.#end({ how: "failed", error });
  }

  ready(): void {
    const { server, serverNode } = this.#connection.session;
    this.#events.started({ name: server, hops: serverNode === "" ? [] : [serverNode] });
  }

  hops(hops: readonly string[]): void {
    this.#events.rerouted?.(hops);
  }

  epoch(...args: EpochCommandArguments): void {
    this.#events.epoch?.(...args);
  }

  /** A server that sends ages is pinged once a second. */
  age(ms: number | undefined): void {
    this.#leaving = ms;
    this.#tellAge();
    if (this.#pinging !== undefined) return;
    this.#ping();
    this.#pinging = this.#clock.every(PING_MS, () => this.#ping());
  }

  pong(): void {
    if (this.#pingedAt === undefined) return;
    this.#link.add(this.#clock.now() - this.#pingedAt);
    this.#pingedAt = undefined;
    this.#tellAge();
  }

  /** One ping at a time, as an answer does not name its ping. */
  #ping(): void {
    if (this.#pingedAt !== undefined) return;
    this.#pingedAt = this.#clock.now();
    this.#connection.session.ping(this.#pingedAt);
  }

  #tellAge(): void {
    const { ms } = this.#link;
    this.#events.age?.(ms === undefined || this.#leaving === undefined ? undefined : this.#leaving + ms);
  }

  refused(code: string, description: string, redirect: Redirect | undefined): void {
    const error = `refused: ${statusText(code, description)}`;
    if (NOT_THERE.test(code)) this.#end({ how: "absent", error });
    // A loop: the server would get the stream through us, whatever our parameters.
    else if (description.startsWith(LOOP)) this.#end({ how: "failed", error });
    else this.#end({ how: "refused", error, description, redirect });
  }

  ended(code: string, description: string): void {
    const error = `ended by the server: ${statusText(code, description)}`;
    if (code === PLAY_FAILED) this.#end({ how: "refused", error, description, redirect: undefined });
    else this.#end({ how: NOT_THERE.test(code) ? "ended" : "lost", error });
  }

  #end(end: PullEnd): void {
    if (this.#over) return;
    this.close();
    this.#events.over(end);
  }
}
