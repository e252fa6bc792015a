import { AmfObject, type AmfValue } from "../amf/value.ts";
import type { Backlog } from "./backlog.ts";
import { booleanAt, numberAt, stringAt } from "./command-arguments.ts";
import {
  AGE_COMMAND,
  type ConnectRequest,
  EPOCH_COMMAND,
  HOPS_COMMAND,
  meansSame,
  readAge,
  readEpochCommand,
  readHops,
} from "./connect.ts";
import { details, type NetStream } from "./net-stream.ts";
import type { NetStreams } from "./net-streams.ts";
import type { Command, Peer } from "./peer.ts";
import type { StreamEvents } from "./server-events.ts";

/**
 * The commands of a connected client for its message streams: createStream (RTMP 1.0, 7.2.1.3), the NetStream commands (7.2.2)
 * and FMLE's own.
 */
export class StreamCommands {
  readonly #streams: NetStreams;
  readonly #peer: Peer;
  readonly #backlog: Backlog;
  readonly #events: StreamEvents;
  /** Called when the role of a stream has changed. */
  readonly #changed: () => void;

  constructor(streams: NetStreams, peer: Peer, backlog: Backlog, events: StreamEvents, changed: () => void) {
    this.#streams = streams;
    this.#peer = peer;
    this.#backlog = backlog;
    this.#events = events;
    this.#changed = changed;
  }

  /** Processes a command of a client that has connected by `request`. Throws ProtocolError. */
  receive(command: Command, request: ConnectRequest | undefined): void {
    const { name, transactionId, args } = command;
    switch (name) {
      case "createStream":
        // Answered without a transaction id, too: no client can work without the answer.
        this.#peer.sendCommand(0, ["_result", transactionId, null, this.#streams.openNext().id]);
        break;
      case "publish":
        this.#onPublish(command, request);
        break;
      case "play":
        this.#onPlay(command, request);
        break;
      case "FCPublish":
        this.#answer(transactionId, null);
        // Appliances publish only after this answer. The answer to their publish decides whether they may.
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
          ?.status("error", "NetStream.Seek.Failed", "seeking is not possible in a live stream");
        break;
      case HOPS_COMMAND:
        this.#onHops(command);
        break;
      case EPOCH_COMMAND:
        this.#onEpoch(command);
        break;
      case AGE_COMMAND:
        this.#onAge(command);
        break;
      case "_result":
      case "_error":
      case "onStatus":
        break;
      case "getStreamLength":
        this.#answer(transactionId, 0);
        break;
      default: // releaseStream, _checkbw, setPeerInfo and unknown commands
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

  /** The stream that a publish or play is for. Some encoders never create it, or use stream 0. */
  #streamFor(command: Command): NetStream {
    const stream = this.#streams.get(command.streamId) ?? this.#streams.open(command.streamId);
    this.#end(stream);
    return stream;
  }

  #onPublish(command: Command, request: ConnectRequest | undefined): void {
    const name = stringAt(command.args, 1);
    const current = this.#streams.get(command.streamId);
    if (repeats(current, "publishing", name, request)) {
      // A request that waits gets one answer for both.
      if (current.answered) current.confirmPublish();
      return;
    }
    const stream = this.#streamFor(command);
    stream.role = "publishing";
    stream.name = name;
    stream.waits = true;
    stream.answered = false;
    stream.refused = false;
    this.#changed();
    this.#events.publish(stream, name);
  }

  #onPlay(command: Command, request: ConnectRequest | undefined): void {
    const { args } = command;
    const name = stringAt(args, 1);
    const reset = booleanAt(args, 4, true);
    const current = this.#streams.get(command.streamId);
    if (repeats(current, "playing", name, request)) {
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

  /** With a reset, the client wants the stream from its start point again; without one, it wants to continue. */
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

  /** The stream that a closeStream or deleteStream means: by its id, or, as GStreamer sends it, by its name on stream 0. */
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

  #onEpoch({ args, streamId }: Command): void {
    const stream = this.#streams.get(streamId);
    if (stream?.role === "publishing") this.#events.epoch(stream, ...readEpochCommand(args));
  }

  #onAge({ args, streamId }: Command): void {
    const stream = this.#streams.get(streamId);
    if (stream?.role === "publishing") this.#events.age(stream, readAge(args[1]));
  }

  #onReceive(command: Command): void {
    const stream = this.#streams.get(command.streamId);
    if (stream?.role !== "playing") return;
    this.#events.receive(stream, command.name === "receiveAudio" ? "audio" : "video", booleanAt(command.args, 1, true));
  }

  #end(stream: NetStream | undefined): void {
    if (stream === undefined || stream.role === "idle") return;
    // Messages that wait for an accepted request are still processed.
    this.#backlog.finish(stream);
    this.#backlog.forget(stream);
    stream.role = "idle";
    stream.media = undefined;
    this.#changed();
    this.#events.ended(stream);
  }
}

/** Whether a stream already does, or waits to do, what a repeated publish or play requests, possibly with other parameters. */
function repeats(
  stream: NetStream | undefined,
  role: NetStream["role"],
  name: string,
  request: ConnectRequest | undefined,
): stream is NetStream {
  return stream?.role === role && meansSame(request, stream.name, name);
}
