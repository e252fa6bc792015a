import { AmfObject } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { Backlog, type Request } from "./backlog.ts";
import { printable, withCommandObject } from "./command-arguments.ts";
import {
  AGE_COMMAND,
  type ConnectRequest,
  connectAnswer,
  EPOCH_COMMAND,
  HOPS_COMMAND,
  readConnect,
} from "./connect.ts";
import { ServerHandshake } from "./handshake-server.ts";
import { PeerBandwidthLimit, UserControl } from "./messages.ts";
import { NetStream, pushMedia } from "./net-stream.ts";
import { NetStreams } from "./net-streams.ts";
import { type Command, Peer, WINDOW_ACK_SIZE } from "./peer.ts";
import type { ConnectEvents, ServerOptions, StreamEvents } from "./server-events.ts";
import { StreamCommands } from "./stream-commands.ts";

/*
 * handshake ──> connecting ──connect──> deciding ──acceptConnect──> connected ──> closed
 *                                          └──────rejectConnect──────────────────────^
 *
 * Clients do not always wait for answers. Messages after a request wait for its answer in the backlog: after connect,
 * everything; after a stream's publish or play, its media and its commands. Only commands that end the request do not wait.
 */
type State = "handshake" | "connecting" | "deciding" | "connected" | "closed";

/** Commands of a stream that wait for the answer to its publish or play. */
const WAITING_COMMANDS = new Set([
  "pause",
  "pauseRaw",
  "receiveAudio",
  "receiveVideo",
  "seek",
  HOPS_COMMAND,
  EPOCH_COMMAND,
  AGE_COMMAND,
]);

/**
 * The server's side of one RTMP connection, without I/O: bytes in by `receive`, events and bytes out. The session handles the
 * connection and messages that wait for an answer, `StreamCommands` the commands of streams.
 */
export class ServerSession {
  readonly #events: ConnectEvents;
  readonly #options: ServerOptions;
  readonly #peer: Peer;
  readonly #streams = new NetStreams((id) => new NetStream(id, this.#peer, (answered) => this.#onAnswered(answered)));
  #handshake: ServerHandshake | undefined;
  #state: State = "handshake";
  #connectId = 1;
  #request: ConnectRequest | undefined;
  #vhost: string | undefined;
  /** Whether the client publishes, or waits to. Only the session changes it. */
  publishes = false;
  readonly #connect: Request = { waits: false, answered: false };
  readonly #backlog: Backlog;
  readonly #commands: StreamCommands;

  constructor(events: ConnectEvents, streams: StreamEvents, options: ServerOptions) {
    this.#events = events;
    this.#options = options;
    this.#backlog = new Backlog(options.limits.maxBacklogBytes, {
      deliver: (message) => this.#peer.deliverHeld(message),
      soon: options.soon,
    });
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
    this.#commands = new StreamCommands(this.#streams, this.#peer, this.#backlog, streams, () => this.#tasksChanged());
    this.#tasksChanged();
  }

  /** Memory of unfinished messages, and of those that wait for an answer, bytes. */
  get bufferedBytes(): number {
    return this.#peer.bufferedBytes + this.#backlog.bytes;
  }

  /** Outgoing chunk size, bytes. */
  get chunkSize(): number {
    return this.#peer.chunkSize;
  }

  /** Whether the client has sent `connect` and was accepted. */
  get connected(): boolean {
    return this.#state === "connected";
  }

  /** Whether the client's `connect` waits for an answer. */
  get deciding(): boolean {
    return this.#state === "deciding";
  }

  /** How many frames were dropped since the last call, because too many messages waited for an answer. */
  takeDropped(): number {
    return this.#backlog.takeDropped();
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
    this.#state = "connecting";
    if (rest.length > 0) this.#peer.receive(rest);
  }

  /**
   * Accepts the client; `chunkSize` is for all further messages to it. `vhost`: the vhost that serves it, if known. Messages
   * from before the answer are processed now and in later turns. Throws ProtocolError when they break the protocol.
   */
  acceptConnect(chunkSize: number, vhost?: string): void {
    if (this.#state !== "deciding") return;
    this.#state = "connected";
    this.#peer.sendWindowAckSize(WINDOW_ACK_SIZE);
    this.#peer.sendPeerBandwidth(WINDOW_ACK_SIZE, PeerBandwidthLimit.Dynamic);
    // Before the answer: OBS reads the answer with the new size.
    this.#peer.sendChunkSize(chunkSize);
    this.#vhost = vhost;
    this.#confirmConnect(this.#connectId);
    this.#peer.sendCommand(0, ["onBWDone", 0, null]);
    this.#connect.answered = true;
    this.#backlog.release(this.#connect);
  }

  #confirmConnect(transactionId: number): void {
    if (this.#request === undefined) return;
    const answer = connectAnswer(this.#request, this.#options.identity, this.#vhost);
    this.#peer.sendCommand(0, ["_result", transactionId, ...answer]);
  }

  /** Refuses `connect`; the owner closes the connection after it. */
  rejectConnect(description: string): void {
    if (this.#state === "closed") return;
    this.#sendRejected(this.#connectId, description);
    this.close();
  }

  #sendRejected(transactionId: number, description: string): void {
    const information = { level: "error", code: "NetConnection.Connect.Rejected", description };
    this.#peer.sendCommand(0, ["_error", transactionId, null, AmfObject.of(information)]);
  }

  /** Sends the client a status of its connection as a whole. */
  status(level: "status" | "error", code: string, description: string): void {
    if (this.#state !== "connected") return;
    this.#peer.sendCommand(0, ["onStatus", 0, null, AmfObject.of({ level, code, description })]);
  }

  /** Sends a ping; the answer is a message like any other. `time` is an opaque uint32. */
  ping(time: number): void {
    if (this.#state === "connected") this.#peer.sendUserControl(UserControl.PingRequest, time >>> 0);
  }

  /** Takes no further bytes. Streams are not notified: the owner has closed the connection itself. */
  close(): void {
    this.#state = "closed";
    this.#peer.stop();
    this.#backlog.clear();
  }

  /** The client has hung up: processes the messages that still wait for an accepted publish. Throws ProtocolError. */
  finish(): void {
    for (const stream of this.#streams.publishing) this.#backlog.finish(stream);
  }

  #onCommand(received: Command): void {
    const command = { ...received, args: withCommandObject(received.args) };
    const { name, transactionId, args } = command;
    this.#streams.changed();
    if (this.#state === "connecting") {
      if (name !== "connect") throw new ProtocolError(`the first command is "${printable(name)}", not "connect"`);
      this.#connectId = transactionId;
      this.#request = readConnect(args);
      this.#state = "deciding";
      this.#connect.waits = true;
      this.#events.connect(this.#request);
      return;
    }
    const waitsFor = this.#requestBefore(command);
    if (waitsFor !== undefined) {
      this.#backlog.hold(waitsFor, command.message.type, command.streamId, 0, command.message.payload);
      return;
    }
    if (name === "connect") this.#connectAgain(transactionId, readConnect(args));
    else this.#commands.receive(command, this.#request);
  }

  /** The request that a command has to wait for. */
  #requestBefore({ name, streamId }: Command): Request | undefined {
    if (this.#backlog.blocks(this.#connect)) return this.#connect;
    const stream = this.#streams.get(streamId);
    return stream !== undefined && this.#backlog.blocks(stream) && WAITING_COMMANDS.has(name) ? stream : undefined;
  }

  #onAnswered(stream: NetStream): void {
    if (stream.role === "idle") this.#backlog.forget(stream);
    else this.#backlog.release(stream);
    this.#tasksChanged();
  }

  /** Streams have begun or ended. Only a publisher's unfinished messages may take as much memory as media does. */
  #tasksChanged(): void {
    const { maxIncompleteBytes, maxIdleIncompleteBytes } = this.#options.limits;
    this.#streams.changed();
    this.publishes = this.#streams.publishing.length > 0;
    this.#peer.maxIncompleteBytes = this.publishes ? maxIncompleteBytes : maxIdleIncompleteBytes;
  }

  /** Some clients repeat a connect whose answer takes long: it gets the same answer. A connect to another app is rejected. */
  #connectAgain(transactionId: number, { tcUrl, app }: ConnectRequest): void {
    if (tcUrl === this.#request?.tcUrl && app === this.#request.app) this.#confirmConnect(transactionId);
    else this.#sendRejected(transactionId, "this connection is connected to another app already");
  }

  #onMedia(type: number, streamId: number, timestamp: number, payload: Uint8Array): void {
    const stream = this.#streams.publisherOf(streamId);
    if (stream?.media !== undefined && !stream.waits) pushMedia(stream.media, type, timestamp, payload);
    else this.#onEarlyMedia(stream, type, streamId, timestamp, payload);
  }

  /** Media that comes before an answer waits for it; media without a publish request is dropped. */
  #onEarlyMedia(stream: NetStream | undefined, type: number, id: number, timestamp: number, payload: Uint8Array): void {
    if (this.#backlog.blocks(this.#connect)) this.#backlog.hold(this.#connect, type, id, timestamp, payload);
    else if (stream === undefined) return;
    else if (this.#backlog.blocks(stream)) this.#backlog.hold(stream, type, stream.id, timestamp, payload);
    else if (stream.media !== undefined) pushMedia(stream.media, type, timestamp, payload);
  }
}
