import { AmfObject, type AmfValue } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  type ConnectRequest,
  enhancedCapabilities,
  HOPS_COMMAND,
  readConnect,
  readHops,
  VHOST_PROPERTY,
} from "./connect.ts";
import type { RandomFill } from "./handshake-digest.ts";
import { ServerHandshake } from "./handshake-server.ts";
import type { RtmpLimits } from "./limits.ts";
import { PeerBandwidthLimit, UserControl } from "./messages.ts";
import { NetStream, pushMedia } from "./net-stream.ts";
import { type Command, Peer, WINDOW_ACK_SIZE } from "./peer.ts";

/*
 * handshake ──> connecting ──connect──> deciding ──acceptConnect──> connected ──> closed
 *                                          └──────rejectConnect──────────────────────^
 */
type State = "handshake" | "connecting" | "deciding" | "connected" | "closed";

/** NetStreams that one connection may have open. */
const MAX_NET_STREAMS = 64;

/** What `play` asked for besides the name; seconds, as on the wire (RTMP 1.0, 7.2.2.1). */
export interface PlayRequest {
  readonly name: string;
  readonly start: number;
  readonly duration: number;
}

/** What a client wants. Each request is answered by the method of `ServerSession` or `NetStream` that its line names, now or later. */
export interface ServerEvents {
  /** Answer: `acceptConnect` or `rejectConnect`. */
  connect(request: ConnectRequest): void;
  /** Answer: `stream.acceptPublish` or `stream.refuse`. */
  publish(stream: NetStream, name: string): void;
  /** Answer: `stream.acceptPlay` or `stream.refuse`. */
  play(stream: NetStream, request: PlayRequest): void;
  pause(stream: NetStream, paused: boolean): void;
  receive(stream: NetStream, kind: "audio" | "video", on: boolean): void;
  /** A relay's stream comes over these servers now. */
  hops(stream: NetStream, hops: readonly string[]): void;
  /** The client ended what this stream was doing (FCUnpublish, closeStream, deleteStream, or another publish or play). */
  ended(stream: NetStream): void;
}

/** What the session needs from outside. */
export interface ServerOptions {
  readonly limits: RtmpLimits;
  readonly send: (bytes: Uint8Array) => void;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Fills a buffer with random bytes, for the handshake. */
  readonly random: RandomFill;
  /** Told to every client: name and version, and ids that find it again in this server's log. */
  readonly identity: Readonly<Record<string, AmfValue>>;
}

/** The server's side of one RTMP connection, without I/O: bytes in by `receive`, events and bytes out. */
export class ServerSession {
  readonly #events: ServerEvents;
  readonly #options: ServerOptions;
  readonly #peer: Peer;
  readonly #streams = new Map<number, NetStream>();
  #handshake: ServerHandshake | undefined;
  #state: State = "handshake";
  #connectId = 1;
  #request: ConnectRequest | undefined;
  /** An encoder announced a name by FCPublish: before createStream (FMLE) or after it (Haivision). */
  #fcPublish = false;
  /** Which stream publishes the media of message stream `#mediaStreamId`: as a rule, the next message is of it, too. */
  #publishing: NetStream | undefined;
  #mediaStreamId = 0;
  /** The stream that publishes, when just one does; looked for again after each command. */
  #only: NetStream | undefined;
  #onlyKnown = false;

  constructor(events: ServerEvents, options: ServerOptions) {
    this.#events = events;
    this.#options = options;
    this.#handshake = new ServerHandshake({ random: options.random, timeMs: options.now() });
    this.#peer = new Peer(
      {
        command: (command) => this.#onCommand(command),
        media: (type, streamId, timestamp, payload) => this.#onMedia(type, streamId, timestamp, payload),
      },
      options.send,
      options.limits,
      options.now,
    );
    this.publishes = false;
  }

  /** Whether the client publishes: only then may its unfinished messages take as much as media does. */
  set publishes(publishes: boolean) {
    const { maxIncompleteBytes, maxIdleIncompleteBytes } = this.#options.limits;
    this.#peer.maxIncompleteBytes = publishes ? maxIncompleteBytes : maxIdleIncompleteBytes;
  }

  /** Memory for messages whose end has not come, bytes. */
  get bufferedBytes(): number {
    return this.#peer.bufferedBytes;
  }

  /** Outgoing chunk size, bytes. */
  get chunkSize(): number {
    return this.#peer.chunkSize;
  }

  /** Whether the client has said `connect` and was let in. */
  get connected(): boolean {
    return this.#state === "connected";
  }

  /** Takes bytes from the wire. Throws ProtocolError; the connection is then to be closed. */
  receive(bytes: Uint8Array): void {
    if (this.#handshake === undefined) {
      this.#peer.receive(bytes);
      return;
    }
    const { send, rest } = this.#handshake.push(bytes);
    if (send !== undefined) this.#options.send(send);
    if (rest === undefined) return;
    this.#handshake = undefined;
    this.#state = "connecting";
    if (rest.length > 0) this.#peer.receive(rest);
  }

  /** Lets the client in; `chunkSize` is what all further messages to it use. `vhost`: which serves it, as far as that is known. */
  acceptConnect(chunkSize: number, vhost?: string): void {
    if (this.#state !== "deciding") return;
    const request = this.#request;
    this.#state = "connected";
    this.#peer.sendWindowAckSize(WINDOW_ACK_SIZE);
    this.#peer.sendPeerBandwidth(WINDOW_ACK_SIZE, PeerBandwidthLimit.Dynamic);
    // Before the answer: OBS reads the answer with the new size.
    this.#peer.sendChunkSize(chunkSize);
    const properties = { fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1 };
    const information = {
      level: "status",
      code: "NetConnection.Connect.Success",
      description: "Connection succeeded",
      objectEncoding: request?.objectEncoding ?? 0,
      data: AmfObject.ecma({
        version: "3,5,3,888",
        ...this.#options.identity,
        ...(vhost === undefined ? {} : { [VHOST_PROPERTY]: vhost }),
        [HOPS_COMMAND]: true,
      }),
    };
    this.#peer.sendCommand(0, [
      "_result",
      this.#connectId,
      AmfObject.of(request?.enhanced ? { ...properties, ...enhancedCapabilities() } : properties),
      AmfObject.of(information),
    ]);
    this.#peer.sendCommand(0, ["onBWDone", 0, null]);
  }

  /** Says no to `connect`; the owner closes the connection after it. */
  rejectConnect(description: string): void {
    if (this.#state === "closed") return;
    const information = { level: "error", code: "NetConnection.Connect.Rejected", description };
    this.#peer.sendCommand(0, ["_error", this.#connectId, null, AmfObject.of(information)]);
    this.close();
  }

  /** Tells the client something of its connection as a whole. */
  status(level: "status" | "error", code: string, description: string): void {
    if (this.#state !== "connected") return;
    this.#peer.sendCommand(0, ["onStatus", 0, null, AmfObject.of({ level, code, description })]);
  }

  /** Asks the client for a sign of life; its answer is a message like any other. `time` is an opaque uint32. */
  ping(time: number): void {
    if (this.#state === "connected") this.#peer.sendUserControl(UserControl.PingRequest, time >>> 0);
  }

  /** Takes no further bytes. Streams are not told: the owner, who closes, knows. */
  close(): void {
    this.#state = "closed";
    this.#peer.stop();
  }

  #onCommand(command: Command): void {
    const { name, transactionId, args } = command;
    this.#onlyKnown = false;
    if (this.#state === "connecting") {
      if (name !== "connect") throw new ProtocolError(`the first command is "${printable(name)}", not "connect"`);
      this.#connectId = transactionId;
      this.#request = readConnect(args);
      this.#state = "deciding";
      this.#events.connect(this.#request);
      return;
    }
    if (this.#state === "deciding") throw new ProtocolError(`"${printable(name)}" came before the answer to connect`);
    switch (name) {
      case "createStream":
        this.#createStream(transactionId);
        break;
      case "publish":
        this.#onPublish(command);
        break;
      case "play":
        this.#onPlay(command);
        break;
      case "FCPublish":
        this.#fcPublish = true;
        this.#answer(transactionId, null);
        break;
      case "FCUnpublish":
        this.#onFcUnpublish(command);
        break;
      case "closeStream":
        this.#end(this.#meantBy(command));
        break;
      case "deleteStream":
        this.#deleteStream(command);
        break;
      case "pause":
      case "pauseRaw":
        this.#onPause(command, booleanAt(args, 1, true));
        break;
      case "receiveAudio":
      case "receiveVideo":
        this.#onReceive(command);
        break;
      case "seek":
        this.#streams
          .get(command.streamId)
          ?.status("error", "NetStream.Seek.Failed", "a live stream cannot be sought in");
        break;
      case HOPS_COMMAND:
        this.#onHops(command);
        break;
      case "_result":
      case "_error":
      case "onStatus":
        break;
      case "getStreamLength":
        this.#answer(transactionId, 0);
        break;
      default: // releaseStream, _checkbw, FCSubscribe, setPeerInfo and what nobody has heard of
        this.#answer(transactionId, null);
        break;
    }
  }

  #answer(transactionId: number, value: AmfValue): void {
    if (transactionId > 0) this.#peer.sendCommand(0, ["_result", transactionId, null, value]);
  }

  #createStream(transactionId: number): void {
    let id = 1;
    while (this.#streams.has(id)) id++;
    this.#open(id);
    this.#answer(transactionId, id);
  }

  #open(id: number): NetStream {
    if (this.#streams.size >= MAX_NET_STREAMS)
      throw new ProtocolError(`more than ${MAX_NET_STREAMS} streams on a connection`);
    const stream = new NetStream(id, this.#peer);
    this.#streams.set(id, stream);
    return stream;
  }

  /** The stream that a publish or play is for. Some encoders never create it, or use stream 0. */
  #streamFor(command: Command): NetStream {
    const stream = this.#streams.get(command.streamId) ?? this.#open(command.streamId);
    this.#end(stream);
    return stream;
  }

  #onPublish(command: Command): void {
    const name = stringAt(command.args, 1);
    const stream = this.#streamFor(command);
    stream.role = "publishing";
    stream.name = name;
    stream.announced = this.#fcPublish;
    this.#fcPublish = false;
    this.#publishing = undefined;
    this.#events.publish(stream, name);
  }

  #onPlay(command: Command): void {
    const { args } = command;
    const stream = this.#streamFor(command);
    stream.role = "playing";
    stream.name = stringAt(args, 1);
    stream.reset = booleanAt(args, 4, true);
    this.#events.play(stream, { name: stream.name, start: numberAt(args, 2, -2), duration: numberAt(args, 3, -1) });
  }

  #onFcUnpublish(command: Command): void {
    const name = stringAt(command.args, 1);
    const publishing = [...this.#streams.values()].filter((stream) => stream.role === "publishing");
    const only = publishing.length === 1 ? publishing[0] : undefined;
    const stream = publishing.find((candidate) => candidate.name === name) ?? only;
    const information = AmfObject.of({ code: "NetStream.Unpublish.Success", description: "Stop publishing stream." });
    this.#peer.sendCommand(0, ["onFCUnpublish", 0, null, information]);
    this.#answer(command.transactionId, null);
    if (stream === undefined) return;
    stream.status("status", "NetStream.Unpublish.Success", "Stop publishing stream.");
    this.#end(stream);
  }

  #deleteStream(command: Command): void {
    const stream = this.#meantBy(command);
    if (stream === undefined) return;
    this.#end(stream);
    this.#streams.delete(stream.id);
  }

  /** The stream that a closeStream or deleteStream means: by its id, or, as GStreamer has it, by its name on stream 0. */
  #meantBy({ args, streamId }: Command): NetStream | undefined {
    const name = stringAt(args, 1);
    if (name === "") return this.#streams.get(numberAt(args, 1, streamId));
    return [...this.#streams.values()].find((stream) => stream.name === name);
  }

  #onPause(command: Command, paused: boolean): void {
    const stream = this.#streams.get(command.streamId);
    if (stream?.role !== "playing") return;
    if (paused) this.#events.pause(stream, true);
    stream.notifyPause(paused);
    if (!paused) this.#events.pause(stream, false);
  }

  #onHops({ args, streamId }: Command): void {
    const stream = this.#streams.get(streamId);
    if (stream?.role === "publishing") this.#events.hops(stream, readHops(args[1]));
  }

  #onReceive(command: Command): void {
    const stream = this.#streams.get(command.streamId);
    if (stream?.role !== "playing") return;
    this.#events.receive(stream, command.name === "receiveAudio" ? "audio" : "video", booleanAt(command.args, 1, true));
  }

  #end(stream: NetStream | undefined): void {
    if (stream === undefined || stream.role === "idle") return;
    stream.role = "idle";
    stream.media = undefined;
    if (this.#publishing === stream) this.#publishing = undefined;
    this.#events.ended(stream);
  }

  #onMedia(type: number, streamId: number, timestamp: number, payload: Uint8Array): void {
    let stream = this.#publishing;
    if (stream === undefined || this.#mediaStreamId !== streamId) {
      stream = this.#publisherFor(streamId);
      this.#publishing = stream;
      this.#mediaStreamId = streamId;
    }
    const media = stream?.media;
    if (media === undefined) return;
    pushMedia(media, type, timestamp, payload);
  }

  /**
   * Media on a stream that does not publish belongs to the one that does, when there is just one: encoders are sloppy here.
   * Which one that is changes by commands only, and media comes as often as its sender likes.
   */
  #publisherFor(streamId: number): NetStream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream?.role === "publishing") return stream;
    if (!this.#onlyKnown) {
      const publishing = [...this.#streams.values()].filter((candidate) => candidate.role === "publishing");
      this.#only = publishing.length === 1 ? publishing[0] : undefined;
      this.#onlyKnown = true;
    }
    return this.#only;
  }
}

function stringAt(args: readonly AmfValue[], index: number): string {
  const value = args[index];
  return typeof value === "string" ? value : "";
}

function numberAt(args: readonly AmfValue[], index: number, otherwise: number): number {
  const value = args[index];
  return typeof value === "number" ? value : otherwise;
}

/** Flash sends flags as booleans, some clients as numbers. */
function booleanAt(args: readonly AmfValue[], index: number, otherwise: boolean): boolean {
  const value = args[index];
  if (typeof value === "boolean") return value;
  return typeof value === "number" ? value !== 0 : otherwise;
}

/** A peer's word in a message of ours: bounded, without control characters. */
function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
}
