import type { AmfValue } from "../amf/value.ts";
import type { HostPort } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf, ProtocolError } from "../base/errors.ts";
import type { Dial, Transport, TransportHandler } from "../base/transport.ts";
import { LOOP } from "../live/ports/entry.ts";
import { type ClientEvents, ClientSession, type ClientTarget } from "../rtmp/client-session.ts";
import type { RandomFill } from "../rtmp/handshake-digest.ts";
import type { RtmpLimits } from "../rtmp/limits.ts";
import type { PullClient, PullClientEvents, PullEnd } from "./pull-client.ts";

/** What all RTMP inlets of a server share. */
export interface RtmpInletContext {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly random: RandomFill;
  readonly limits: RtmpLimits;
  readonly identity?: Readonly<Record<string, AmfValue>>;
}

/** Where an RTMP inlet goes, and as what. */
export interface RtmpPullTarget extends ClientTarget, HostPort {
  /** Without a digest in the handshake, for a server that closes on one. */
  readonly simpleHandshake: boolean;
  readonly timeoutMs: number;
  /** Whether it is reached over TLS. */
  readonly tls: boolean;
  /** As for dialling. */
  readonly publicOnly?: boolean | undefined;
}

/** Chunks of what we send, bytes: a player sends commands alone. */
const CHUNK_SIZE = 4096;

/** Words of servers for a stream that they do not have. */
const NOT_THERE = /StreamNotFound|Play\.UnpublishNotify|Unpublish\.Success|Play\.Stop/;

/** A server's word for a stream that it does not give, though it let us in at first. */
const PLAY_FAILED = "NetStream.Play.Failed";

/** A stream played at an RTMP server: dial, handshake, connect, play. */
export class RtmpPullClient implements PullClient, TransportHandler, ClientEvents {
  readonly #events: PullClientEvents;
  readonly #session: ClientSession;
  readonly #dialling: { abort(): void };
  readonly #protocol: "rtmp" | "rtmps";
  #transport: Transport | undefined;
  #answered = false;
  #over = false;
  bytes = 0;

  constructor(context: RtmpInletContext, target: RtmpPullTarget, events: PullClientEvents) {
    this.#events = events;
    this.#session = new ClientSession(target, this, {
      limits: context.limits,
      send: (bytes) => this.#transport?.send(bytes),
      now: () => context.clock.now(),
      random: context.random,
      chunkSize: CHUNK_SIZE,
      simpleHandshake: target.simpleHandshake,
      identity: context.identity ?? {},
    });
    this.#session.media = events;
    const { host, port, tls, timeoutMs, publicOnly } = target;
    this.#protocol = tls ? "rtmps" : "rtmp";
    this.#dialling = context.dial({ host, port, tls, timeoutMs, publicOnly }, this);
  }

  /** How far the dialogue has come, for a message about a server that goes no further. */
  get state(): string {
    return this.#session.state;
  }

  get heldBytes(): number {
    return this.#session.bufferedBytes;
  }

  close(): void {
    this.#over = true;
    this.#session.close();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.close();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#session.start();
  }

  onData(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    try {
      this.#session.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end({ how: this.#broken, error: `protocol error: ${messageOf(error)}` });
    }
    if (this.#over || this.#answered || this.#session.state === "handshake") return;
    this.#answered = true;
    this.#events.answered?.();
  }

  onDrain(): void {}

  onClose(reason: string | undefined): void {
    const { state } = this.#session;
    const opened = this.#transport !== undefined;
    const during = opened && state !== "running" ? ` during ${state}` : "";
    const error = reason ?? `the server closed the connection${during}`;
    if (opened && state === "handshake") this.#end({ how: "unreachable", error, handshakeRefused: true });
    // Servers that refuse a vhost, an app or a stream without a word.
    else if (opened && state !== "running") this.#end({ how: "refused", error, description: "", redirect: undefined });
    else this.#end({ how: this.#broken, error });
  }

  ready(): void {
    const { server, serverNode } = this.#session;
    this.#events.started({ name: server, hops: serverNode === "" ? [] : [serverNode] });
  }

  hops(hops: readonly string[]): void {
    if (!this.#over) this.#events.rerouted?.(hops);
  }

  refused(code: string, description: string, url?: string): void {
    const by = { protocol: this.#protocol, ip: this.#transport?.ip ?? "" };
    const redirect = url === undefined ? undefined : { url, by };
    const error = `refused: ${description || "no reason given"} (${code})`;
    if (NOT_THERE.test(code)) this.#end({ how: "absent", error });
    // It gets the stream over us, if at all: that says nothing of what we ask with.
    else if (description.startsWith(LOOP)) this.#end({ how: "failed", error });
    else this.#end({ how: "refused", error, description, redirect });
  }

  ended(code: string, description: string): void {
    const error = `ended by the server: ${description || "no reason given"} (${code})`;
    if (code === PLAY_FAILED) this.#end({ how: "refused", error, description, redirect: undefined });
    else this.#end({ how: NOT_THERE.test(code) ? "ended" : "lost", error });
  }

  get #broken(): "unreachable" | "failed" | "lost" {
    if (this.#session.state === "running") return "lost";
    return this.#transport === undefined || this.#session.state === "handshake" ? "unreachable" : "failed";
  }

  #end(end: PullEnd): void {
    if (this.#over) return;
    this.close();
    this.#events.over(end);
  }
}
