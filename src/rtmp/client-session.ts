import { AmfObject, type AmfValue } from "../amf/value.ts";
import {
  AGE_COMMAND,
  EPOCH_COMMAND,
  type EpochCommandArguments,
  enhancedCapabilities,
  epochCommand,
  FOLLOWS_ARGUMENT,
  FOR_CLIENT_ARGUMENT,
  HOPS_ARGUMENT,
  HOPS_COMMAND,
  readAge,
  readEpochCommand,
  readHops,
} from "./connect.ts";
import { ClientHandshake } from "./handshake-client.ts";
import type { RandomFill } from "./handshake-digest.ts";
import type { RtmpLimits } from "./limits.ts";
import { UserControl } from "./messages.ts";
import { type MediaHandler, pushMedia } from "./net-stream.ts";
import { type Command, Peer, WINDOW_ACK_SIZE } from "./peer.ts";
import { readServerIdentity, readStatus, redirectOf, type ServerIdentity } from "./server-answers.ts";

/*
 * handshake ──> connecting ──_result──> creating ──_result──> starting ──onStatus Start──> running ──> closed
 *                   │  └────────(role "connect": _result)───────────────────────────────────^
 *                   └──────────────────────┴──────_error, onStatus error──────┴──────────────> refused
 */
/** How far a client's dialogue has come. */
export type ClientState = "handshake" | "connecting" | "creating" | "starting" | "running" | "refused" | "closed";

/** The stream at the server, and the client's role for it. */
export interface ClientTarget {
  /** `connect`: only asks whether the server accepts us. */
  readonly role: "publish" | "play" | "connect";
  readonly tcUrl: string;
  readonly app: string;
  /** Stream name with its parameters. */
  readonly playPath: string;
  /** Ids of the servers that the stream has passed, this one last; they may change (`announceHops`). */
  readonly hops: readonly string[];
  /** Whether we ask for one of our clients, to which this server's own rights must not apply. */
  readonly forClient?: boolean;
  /** Whether the owner follows a refusal that names another server. */
  readonly follows?: boolean;
  /** The page and player of the viewer on whose behalf we ask; empty or absent without one. */
  readonly pageUrl?: string;
  readonly swfUrl?: string;
}

/** Callbacks of a client session's owner. */
export interface ClientEvents {
  /** The server lets us publish or play on this message stream; 0 for the role `connect`. */
  ready(streamId: number): void;
  /**
   * The server refused, with its own code and text; the session has ended. `redirect` is the stream's whole URL when the server
   * names another place for it (SRS's RTMP 302).
   */
  refused(code: string, description: string, redirect?: string): void;
  /** The played stream has passed these servers, the connected server last. */
  hops?(hops: readonly string[]): void;
  /** The epoch of the played stream (`EPOCH_COMMAND`); `lost`: packets before the ones that it concerns are lost. */
  epoch?(...args: EpochCommandArguments): void;
  /** The age of the played stream's packets when they leave the server, ms; undefined: unknown to it. */
  age?(ms: number | undefined): void;
  /** The answer to a ping. */
  pong?(): void;
  /** The publish or play command is sent next. */
  asking?(): void;
  /** The server ended the running publish or play. */
  ended(code: string, description: string): void;
}

/** What the session needs from outside. */
export interface ClientOptions {
  readonly limits: RtmpLimits;
  readonly send: (bytes: Uint8Array) => void;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Fills a buffer with random bytes, for the handshake. */
  readonly random: RandomFill;
  /** Outgoing chunk size, bytes. */
  readonly chunkSize: number;
  /** Only the simple handshake, for a server that closes during the one with a digest. */
  readonly simpleHandshake: boolean;
  /** Sent in connect's optional arguments. */
  readonly identity: Readonly<Record<string, AmfValue>>;
}

/** FMLE's values, which every platform accepts from a publisher. */
const FLASH_VERSION = {
  publish: "FMLE/3.0 (compatible; srs)",
  play: "LNX 9,0,124,2",
  connect: "LNX 9,0,124,2",
} as const;

/** The buffer length that a playing session reports; servers hardly use it. */
const BUFFER_LENGTH_MS = 3000;

/** Statuses that end a running session, though they are no errors. */
const ENDED = new Set(["NetStream.Unpublish.Success", "NetStream.Play.UnpublishNotify", "NetStream.Play.Stop"]);

const CONNECT_ID = 1;
const CREATE_ID = 4;
const START_ID = 5;

/** The client's side of one RTMP connection that publishes or plays one stream, without I/O. */
export class ClientSession {
  readonly #target: ClientTarget;
  readonly #events: ClientEvents;
  readonly #options: ClientOptions;
  readonly #peer: Peer;
  #handshake: ClientHandshake | undefined;
  #state: ClientState = "handshake";
  #streamId = 0;
  /** The server's name, version and ids, for logs and for tracing a stream through a cluster. */
  #server: ServerIdentity = { software: "", node: "", vhost: "", takesHops: false };
  /** Receives the media of a playing session. */
  media: MediaHandler | undefined;

  constructor(target: ClientTarget, events: ClientEvents, options: ClientOptions) {
    this.#target = target;
    this.#events = events;
    this.#options = options;
    this.#handshake = new ClientHandshake({
      random: options.random,
      timeMs: options.now(),
      simple: options.simpleHandshake,
    });
    this.#peer = new Peer(
      {
        command: (command) => this.#onCommand(command),
        media: (type, _streamId, timestamp, payload) => this.#onMedia(type, timestamp, payload),
        pong: () => events.pong?.(),
      },
      options.send,
      options.limits,
      options.now,
    );
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The server's software, once it has answered connect; `""` when it did not report it. */
  get server(): string {
    return this.#server.software;
  }

  /** The id of the server's start, by which hop traces know it; `""` when it has none or did not report it. */
  get serverNode(): string {
    return this.#server.node;
  }

  /** Memory of unfinished messages, bytes. */
  get bufferedBytes(): number {
    return this.#peer.bufferedBytes;
  }

  /** The server's vhost that serves us; `""` when it did not report one. */
  get serverVhost(): string {
    return this.#server.vhost;
  }

  /** Sends the first bytes; call once the transport is open. */
  start(): void {
    const bytes = this.#handshake?.start();
    if (bytes !== undefined) this.#options.send(bytes);
  }

  /** Takes bytes from the wire. Throws ProtocolError; the connection must then be closed. */
  receive(bytes: Uint8Array): void {
    if (this.#handshake === undefined) {
      this.#peer.receive(bytes);
      return;
    }
    const { send, rest } = this.#handshake.push(bytes);
    if (send !== undefined) this.#options.send(send);
    if (rest === undefined) return;
    this.#handshake = undefined;
    this.#connect();
    if (rest.length > 0) this.#peer.receive(rest);
  }

  /** Notifies the server of the stream's end, as FMLE does; the owner closes the transport after it. */
  unpublish(): void {
    if (this.#state !== "running" || this.#target.role !== "publish") return;
    this.#peer.sendCommand(0, ["FCUnpublish", START_ID + 1, null, this.#target.playPath]);
    this.#peer.sendCommand(0, ["deleteStream", START_ID + 2, null, this.#streamId]);
    this.close();
  }

  /** The published stream now comes through other servers: the target's `hops` have changed. */
  announceHops(): void {
    if (this.#state !== "running" || this.#target.role !== "publish" || !this.#server.takesHops) return;
    this.#peer.sendCommand(this.#streamId, [HOPS_COMMAND, 0, null, this.#target.hops.join(",")]);
  }

  /** Sends the epoch of the published stream. */
  sendEpoch(...args: EpochCommandArguments): void {
    if (this.#state !== "running" || this.#target.role !== "publish" || !this.#server.takesHops) return;
    this.#peer.sendCommand(this.#streamId, epochCommand(...args));
  }

  /** Sends the age of the published stream's packets when they arrive, ms; undefined: unknown. */
  sendAge(ms: number | undefined): void {
    if (this.#state !== "running" || this.#target.role !== "publish" || !this.#server.takesHops) return;
    this.#peer.sendCommand(this.#streamId, [AGE_COMMAND, 0, null, ms ?? null]);
  }

  /** Sends a ping; `time` is an opaque uint32. */
  ping(time: number): void {
    if (this.#state === "running") this.#peer.sendUserControl(UserControl.PingRequest, time >>> 0);
  }

  /** Takes no further bytes. */
  close(): void {
    this.#state = "closed";
    this.#peer.stop();
  }

  #connect(): void {
    const { role, tcUrl, app, hops, forClient, follows, pageUrl, swfUrl } = this.#target;
    this.#state = "connecting";
    const object = {
      app,
      ...(role === "publish" ? { type: "nonprivate" } : {}),
      flashVer: FLASH_VERSION[role],
      swfUrl: swfUrl || tcUrl,
      tcUrl,
      ...(pageUrl ? { pageUrl } : {}),
      ...(role !== "publish"
        ? { fpad: false, capabilities: 239, audioCodecs: 3575, videoCodecs: 252, videoFunction: 1 }
        : {}),
      ...enhancedCapabilities(),
    };
    const extra = {
      ...this.#options.identity,
      [HOPS_ARGUMENT]: hops.join(","),
      ...(forClient ? { [FOR_CLIENT_ARGUMENT]: true } : {}),
      ...(follows ? { [FOLLOWS_ARGUMENT]: true } : {}),
    };
    this.#peer.sendCommand(0, ["connect", CONNECT_ID, AmfObject.of(object), AmfObject.of(extra)]);
  }

  #onCommand(command: Command): void {
    switch (command.name) {
      case "_result":
        this.#onResult(command);
        break;
      case "_error":
        this.#onError(command);
        break;
      case "onStatus":
        this.#onStatus(command);
        break;
      case HOPS_COMMAND:
        if (this.#target.role === "play") this.#events.hops?.(readHops(command.args[1]));
        break;
      case EPOCH_COMMAND:
        if (this.#target.role === "play") this.#events.epoch?.(...readEpochCommand(command.args));
        break;
      case AGE_COMMAND:
        if (this.#target.role === "play") this.#events.age?.(readAge(command.args[1]));
        break;
      case "close":
        this.#fail("NetConnection.Connect.Closed", "the server said close");
        break;
      default: // onBWDone, onFCPublish, onFCUnpublish and other events that need no reaction
    }
  }

  #onResult({ transactionId, args }: Command): void {
    if (this.#state === "connecting" && transactionId === CONNECT_ID) {
      this.#server = readServerIdentity(args);
      if (this.#target.role === "connect") {
        this.#state = "running";
        this.#events.ready(0);
      } else this.#create();
    } else if (this.#state === "creating" && transactionId === CREATE_ID) {
      const id = args[1];
      this.#streamId = typeof id === "number" ? id : 1;
      this.#begin();
    }
  }

  #create(): void {
    const { role, playPath } = this.#target;
    this.#state = "creating";
    if (role === "publish") {
      this.#peer.sendChunkSize(this.#options.chunkSize);
      this.#peer.sendCommand(0, ["releaseStream", 2, null, playPath]);
      this.#peer.sendCommand(0, ["FCPublish", 3, null, playPath]);
      // A ping before the stream runs shows whether the server answers pings, in case it falls silent soon after.
      this.#peer.sendUserControl(UserControl.PingRequest, this.#options.now() >>> 0);
    } else {
      this.#peer.sendWindowAckSize(WINDOW_ACK_SIZE);
    }
    this.#peer.sendCommand(0, ["createStream", CREATE_ID, null]);
  }

  #begin(): void {
    const { role, playPath } = this.#target;
    this.#state = "starting";
    this.#events.asking?.();
    if (role === "publish") {
      this.#peer.sendCommand(this.#streamId, ["publish", START_ID, null, playPath, "live"]);
      return;
    }
    // -2000: live, or recorded when there is no live stream of that name (RTMP 1.0, 7.2.2.1), as librtmp asks.
    this.#peer.sendCommand(this.#streamId, ["play", START_ID, null, playPath, -2000]);
    this.#peer.sendBufferLength(this.#streamId, BUFFER_LENGTH_MS);
  }

  #onError({ transactionId, args }: Command): void {
    // Many servers answer releaseStream and FCPublish with an error that has no consequences.
    const matters = transactionId === CONNECT_ID || transactionId === CREATE_ID || transactionId === START_ID;
    if (!matters || this.#state === "running") return;
    const status = readStatus(args[1]);
    this.#fail(status.code || "_error", status.description, redirectOf(status, this.#target.playPath));
  }

  #onStatus({ args }: Command): void {
    const status = readStatus(args[1]);
    const { level, code, description } = status;
    const started = this.#target.role === "publish" ? "NetStream.Publish.Start" : "NetStream.Play.Start";
    if (level === "error") this.#fail(code, description, redirectOf(status, this.#target.playPath));
    else if (this.#state === "starting" && code === started) {
      this.#state = "running";
      this.#events.ready(this.#streamId);
    } else if (this.#state === "running" && ENDED.has(code)) this.#events.ended(code, description);
  }

  #fail(code: string, description: string, redirect?: string): void {
    if (this.#state === "refused" || this.#state === "closed") return;
    const running = this.#state === "running";
    this.#state = "refused";
    if (running) this.#events.ended(code, description);
    else this.#events.refused(code, description, redirect);
  }

  #onMedia(type: number, timestamp: number, payload: Uint8Array): void {
    const { media } = this;
    if (media === undefined || this.#state !== "running") return;
    pushMedia(media, type, timestamp, payload);
  }
}
