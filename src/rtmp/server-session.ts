import { AmfObject, type AmfValue } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { Backlog, type Request } from "./backlog.ts";
import { booleanAt, numberAt, printable, stringAt, withCommandObject } from "./command-arguments.ts";
import { type ConnectRequest, connectAnswer, HOPS_COMMAND, meansSame, readConnect, readHops } from "./connect.ts";
import { ServerHandshake } from "./handshake-server.ts";
import { PeerBandwidthLimit, UserControl } from "./messages.ts";
import { details, NetStream, pushMedia } from "./net-stream.ts";
import { NetStreams } from "./net-streams.ts";
import { type Command, Peer, WINDOW_ACK_SIZE } from "./peer.ts";
import type { ServerEvents, ServerOptions } from "./server-events.ts";

/*
 * handshake ──> connecting ──connect──> deciding ──acceptConnect──> connected ──> closed
 *                                          └──────rejectConnect──────────────────────^
 *
 * Clients do not always wait for answers. What comes after a request waits for its answer in the backlog: after connect,
 * everything; after a stream's publish or play, its media and its commands. Only what ends the request does not wait.
 */
type State = "handshake" | "connecting" | "deciding" | "connected" | "closed";

/** Commands of a stream that wait for the answer to its publish or play. */
const WAITING_COMMANDS = new Set(["pause", "pauseRaw", "receiveAudio", "receiveVideo", "seek", HOPS_COMMAND]);

/** The server's side of one RTMP connection, without I/O: bytes in by `receive`, events and bytes out. */
export class ServerSession {
  readonly #events: ServerEvents;
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

  constructor(events: ServerEvents, options: ServerOptions) {
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
    this.#tasksChanged();
  }

  /** Memory for messages whose end has not come, and for those that wait for an answer, bytes. */
  get bufferedBytes(): number {
    return this.#peer.bufferedBytes + this.#backlog.bytes;
  }

  /** Outgoing chunk size, bytes. */
  get chunkSize(): number {
    return this.#peer.chunkSize;
  }

  /** Whether the client has said `connect` and was let in. */
  get connected(): boolean {
    return this.#state === "connected";
  }

  /** Whether the client's `connect` waits for an answer. */
  get deciding(): boolean {
    return this.#state === "deciding";
  }

  /** How many frames were dropped since the last call, because too much waited for an answer. */
  takeDropped(): number {
    return this.#backlog.takeDropped();
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

  /**
   * Lets the client in; `chunkSize` is what all further messages to it use. `vhost`: which serves it, as far as that is known.
   * What it has sent before the answer is worked on here and in turns to come. Throws ProtocolError when that is a breach.
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

  /** Says no to `connect`; the owner closes the connection after it. */
  rejectConnect(description: string): void {
    if (this.#state === "closed") return;
    this.#sayRejected(this.#connectId, description);
    this.close();
  }

  #sayRejected(transactionId: number, description: string): void {
    const information = { level: "error", code: "NetConnection.Connect.Rejected", description };
    this.#peer.sendCommand(0, ["_error", transactionId, null, AmfObject.of(information)]);
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
    this.#backlog.clear();
  }

  /** The client hangs up: what it has sent to streams that publish still counts. Throws ProtocolError. */
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
    switch (name) {
      case "connect":
        this.#connectAgain(transactionId, readConnect(args));
        break;
      case "createStream":
        // Answered without a transaction id, too: no client can do without it.
        this.#peer.sendCommand(0, ["_result", transactionId, null, this.#streams.openNext().id]);
        break;
      case "publish":
        this.#onPublish(command);
        break;
      case "play":
        this.#onPlay(command);
        break;
      case "FCPublish":
        this.#answer(transactionId, null);
        // Appliances publish only after it. Whether they may is told by the answer to that.
        this.#announce("onFCPublish", "NetStream.Publish.Start", stringAt(args, 1));
        break;
      case "FCSubscribe":
        this.#answer(transactionId, null);
        this.#announce("onFCSubscribe", "NetStream.Play.Start", stringAt(args, 1));
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
      default: // releaseStream, _checkbw, setPeerInfo and what nobody has heard of
        this.#answer(transactionId, null);
        break;
    }
  }

  #answer(transactionId: number, value: AmfValue): void {
    if (transactionId > 0) this.#peer.sendCommand(0, ["_result", transactionId, null, value]);
  }

  #announce(name: string, code: string, streamName: string): void {
    this.#peer.sendCommand(0, [name, 0, null, AmfObject.of({ code, description: details(streamName) })]);
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

  /** What streams do has changed. Only where one publishes may unfinished messages take as much as media does. */
  #tasksChanged(): void {
    const { maxIncompleteBytes, maxIdleIncompleteBytes } = this.#options.limits;
    this.#streams.changed();
    this.publishes = this.#streams.publishing.length > 0;
    this.#peer.maxIncompleteBytes = this.publishes ? maxIncompleteBytes : maxIdleIncompleteBytes;
  }

  /** Some clients repeat a connect whose answer takes long. It changes nothing. */
  #connectAgain(transactionId: number, { tcUrl, app }: ConnectRequest): void {
    if (tcUrl === this.#request?.tcUrl && app === this.#request.app) this.#confirmConnect(transactionId);
    else this.#sayRejected(transactionId, "this connection is connected to another app already");
  }

  /** The stream that a publish or play is for. Some encoders never create it, or use stream 0. */
  #streamFor(command: Command): NetStream {
    const stream = this.#streams.get(command.streamId) ?? this.#streams.open(command.streamId);
    this.#end(stream);
    return stream;
  }

  /** Whether a stream does already, or waits to do, what a publish or play asks for again, with other parameters maybe. */
  #repeats(stream: NetStream | undefined, role: NetStream["role"], name: string): stream is NetStream {
    return stream?.role === role && meansSame(this.#request, stream.name, name);
  }

  #onPublish(command: Command): void {
    const name = stringAt(command.args, 1);
    const current = this.#streams.get(command.streamId);
    if (this.#repeats(current, "publishing", name)) {
      // One that waits gets one answer for both.
      if (current.answered) current.confirmPublish();
      return;
    }
    const stream = this.#streamFor(command);
    stream.role = "publishing";
    stream.name = name;
    stream.waits = true;
    stream.answered = false;
    stream.refused = false;
    this.#tasksChanged();
    this.#events.publish(stream, name);
  }

  #onPlay(command: Command): void {
    const { args } = command;
    const name = stringAt(args, 1);
    const reset = booleanAt(args, 4, true);
    const current = this.#streams.get(command.streamId);
    if (this.#repeats(current, "playing", name)) {
      if (current.answered) this.#playAgain(current, reset);
      return;
    }
    const stream = this.#streamFor(command);
    stream.role = "playing";
    stream.name = name;
    stream.reset = reset;
    stream.waits = true;
    stream.answered = false;
    stream.refused = false;
    this.#events.play(stream, { name, start: numberAt(args, 2, -2), duration: numberAt(args, 3, -1) });
  }

  /** With a reset, the client wants the stream from its start point again; without one, nothing more than it has. */
  #playAgain(stream: NetStream, reset: boolean): void {
    stream.reset = reset;
    stream.confirmPlay();
    if (reset) this.#events.restart(stream);
  }

  #onFcUnpublish(command: Command): void {
    const name = stringAt(command.args, 1);
    const { publishing } = this.#streams;
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
    this.#streams.delete(stream);
  }

  /** The stream that a closeStream or deleteStream means: by its id, or, as GStreamer has it, by its name on stream 0. */
  #meantBy({ args, streamId }: Command): NetStream | undefined {
    const name = stringAt(args, 1);
    if (name === "") return this.#streams.get(numberAt(args, 1, streamId));
    return this.#streams.named(name);
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
    // What it has sent before still counts, when it was let in.
    this.#backlog.finish(stream);
    this.#backlog.forget(stream);
    stream.role = "idle";
    stream.media = undefined;
    this.#tasksChanged();
    this.#events.ended(stream);
  }

  #onMedia(type: number, streamId: number, timestamp: number, payload: Uint8Array): void {
    const stream = this.#streams.publisherOf(streamId);
    if (stream?.media !== undefined && !stream.waits) pushMedia(stream.media, type, timestamp, payload);
    else this.#onEarlyMedia(stream, type, streamId, timestamp, payload);
  }

  /** Media that comes before an answer waits for it; what nobody has asked to publish is nobody's. */
  #onEarlyMedia(stream: NetStream | undefined, type: number, id: number, timestamp: number, payload: Uint8Array): void {
    if (this.#backlog.blocks(this.#connect)) this.#backlog.hold(this.#connect, type, id, timestamp, payload);
    else if (stream === undefined) return;
    else if (this.#backlog.blocks(stream)) this.#backlog.hold(stream, type, stream.id, timestamp, payload);
    else if (stream.media !== undefined) pushMedia(stream.media, type, timestamp, payload);
  }
}
