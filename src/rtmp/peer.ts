// Hot: onMessage runs for each message of each connection.
import { encodeAmf0 } from "../amf/amf0.ts";
import { decodeAmfMessage } from "../amf/message.ts";
import type { AmfValue } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { ByteWriter } from "../bytes/writer.ts";
import type { HeldMessage } from "./backlog.ts";
import { ChunkReader, type MessageHandler } from "./chunk-reader.ts";
import { messageSize, writeMessage } from "./chunk-writer.ts";
import type { RtmpLimits } from "./limits.ts";
import { ChunkStreamId, MessageType, UserControl } from "./messages.ts";

/** The chunk size before any Set Chunk Size (RTMP 1.0, 5.4.1). */
const INITIAL_CHUNK_SIZE = 128;
/** The bytes between acknowledgements that we request of a peer and, until it requests its own, assume for ourselves. SRS's value. */
export const WINDOW_ACK_SIZE = 2_500_000;

/** A command message: name, transaction id, command object, and what follows. */
export interface Command {
  readonly name: string;
  readonly transactionId: number;
  readonly streamId: number;
  /** The values after the transaction id; the command object is the first. */
  readonly args: readonly AmfValue[];
  /** The original message, for a session that has to hold it. */
  readonly message: { readonly type: number; readonly payload: Uint8Array };
}

/** Callbacks for a peer's messages, for the session of either role. */
export interface PeerEvents {
  command(command: Command): void;
  /** Audio, video, data and aggregate messages. */
  media(type: number, streamId: number, timestamp: number, payload: Uint8Array): void;
  /** The answer to a ping. */
  pong?(): void;
}

/**
 * The parts that both roles share after the handshake: chunk streams, acknowledgements, user control, command messages.
 * No I/O: bytes come in by `receive` and leave by the `send` given to the constructor.
 */
export class Peer implements MessageHandler {
  readonly #events: PeerEvents;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #limits: RtmpLimits;
  readonly #now: () => number;
  readonly #reader: ChunkReader;
  #chunkSize = INITIAL_CHUNK_SIZE;
  /** Acknowledge after this many bytes: half of what the peer allows unacknowledged. */
  #ackEvery = WINDOW_ACK_SIZE / 2;
  #acked = 0;
  #stopped = false;
  /** The player's buffer length, ms, as it reported. */
  #bufferLengthMs = 0;
  #secondBegan = 0;
  #commandsInSecond = 0;
  #minuteBegan = 0;
  #commandsInMinute = 0;

  constructor(events: PeerEvents, send: (bytes: Uint8Array) => void, limits: RtmpLimits, now: () => number) {
    this.#events = events;
    this.#send = send;
    this.#limits = limits;
    this.#now = now;
    this.#reader = new ChunkReader(this, limits);
  }

  /** Outgoing chunk size, bytes. */
  get chunkSize(): number {
    return this.#chunkSize;
  }

  /** The player's buffer length, ms; 0 when it reported none. */
  get bufferLengthMs(): number {
    return this.#bufferLengthMs;
  }

  /** Memory of unfinished messages, bytes. */
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes;
  }

  /** Limit of the memory of unfinished messages from now on, bytes. */
  set maxIncompleteBytes(bytes: number) {
    this.#reader.maxIncompleteBytes = bytes;
  }

  /** Takes the bytes after the handshake. Throws ProtocolError. */
  receive(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    if (this.#stopped) return;
    const received = this.#reader.bytesReceived;
    if (received - this.#acked >= this.#ackEvery) {
      this.#acked = received;
      this.#sendControl(MessageType.Acknowledgement, received >>> 0);
    }
  }

  /** Parses and acknowledges nothing more, not even bytes that are here already. */
  stop(): void {
    this.#stopped = true;
    this.#reader.stop();
  }

  /** One whole message from the chunk reader. */
  onMessage(type: number, streamId: number, timestamp: number, payload: Uint8Array): void {
    switch (type) {
      case MessageType.Audio:
      case MessageType.Video:
      case MessageType.DataAmf0:
      case MessageType.DataAmf3:
      case MessageType.Aggregate:
        if (payload.length > 0) this.#events.media(type, streamId, timestamp, payload);
        return;
      case MessageType.CommandAmf0:
      case MessageType.CommandAmf3:
        this.#countCommand();
        this.#onCommand(type, streamId, payload);
        return;
      case MessageType.UserControl:
        this.#onUserControl(payload);
        return;
      case MessageType.WindowAckSize:
        if (payload.length >= 4) this.#ackEvery = Math.max(1, uint32(payload, 0) >>> 1);
        return;
      case MessageType.SetPeerBandwidth:
        if (payload.length < 4) return;
        this.#countCommand();
        this.sendWindowAckSize(uint32(payload, 0));
        return;
      default: // Acknowledgements, shared objects and unknown types: nothing waits for them.
    }
  }

  /** Processes a media or command message that was held. */
  deliverHeld({ type, streamId, timestamp, payload }: HeldMessage): void {
    if (type === MessageType.CommandAmf0 || type === MessageType.CommandAmf3) this.#onCommand(type, streamId, payload);
    else this.#events.media(type, streamId, timestamp, payload);
  }

  sendCommand(streamId: number, values: readonly AmfValue[]): void {
    const chunkStreamId = streamId === 0 ? ChunkStreamId.Command : ChunkStreamId.Data;
    this.sendMessage(chunkStreamId, MessageType.CommandAmf0, streamId, encodeAmf0(values));
  }

  sendData(streamId: number, values: readonly AmfValue[]): void {
    this.sendMessage(ChunkStreamId.Data, MessageType.DataAmf0, streamId, encodeAmf0(values));
  }

  /** Announces the outgoing chunk size and uses it from the next message on. */
  sendChunkSize(size: number): void {
    this.#sendControl(MessageType.SetChunkSize, size);
    this.#chunkSize = size;
  }

  sendWindowAckSize(size: number): void {
    this.#sendControl(MessageType.WindowAckSize, size);
  }

  sendPeerBandwidth(size: number, limit: number): void {
    const body = new ByteWriter(5);
    body.u32(size);
    body.u8(limit);
    this.sendMessage(ChunkStreamId.Control, MessageType.SetPeerBandwidth, 0, body.finish());
  }

  sendUserControl(event: number, value: number): void {
    const body = new ByteWriter(6);
    body.u16(event);
    body.u32(value);
    this.sendMessage(ChunkStreamId.Control, MessageType.UserControl, 0, body.finish());
  }

  /** Reports the player's buffer length to a server, ms (RTMP 1.0, 7.1.7). */
  sendBufferLength(streamId: number, ms: number): void {
    const body = new ByteWriter(10);
    body.u16(UserControl.SetBufferLength);
    body.u32(streamId);
    body.u32(ms);
    this.sendMessage(ChunkStreamId.Control, MessageType.UserControl, 0, body.finish());
  }

  /** Encodes one message with timestamp 0 and sends it. Media is sent through `RtmpFormat` instead. */
  sendMessage(chunkStreamId: number, type: number, streamId: number, payload: Uint8Array): void {
    const out = new Uint8Array(messageSize(payload.length, 0, this.#chunkSize));
    writeMessage(out, 0, chunkStreamId, 0, type, streamId, payload, this.#chunkSize);
    this.#send(out);
  }

  #sendControl(type: number, value: number): void {
    const body = new ByteWriter(4);
    body.u32(value);
    this.sendMessage(ChunkStreamId.Control, type, 0, body.finish());
  }

  #onCommand(type: number, streamId: number, payload: Uint8Array): void {
    if (payload.length > this.#limits.maxCommandBytes)
      throw new ProtocolError(`a command of ${payload.length} bytes, ${this.#limits.maxCommandBytes} allowed`);
    const [name, transactionId, ...args] = decodeAmfMessage(payload, type === MessageType.CommandAmf3);
    if (typeof name !== "string") throw new ProtocolError("a command message does not begin with its name");
    this.#events.command({
      name,
      transactionId: typeof transactionId === "number" ? transactionId : 0,
      streamId,
      args,
      message: { type, payload },
    });
  }

  #countCommand(): void {
    const now = this.#now();
    if (now - this.#secondBegan >= 1000) {
      this.#secondBegan = now;
      this.#commandsInSecond = 0;
    }
    if (++this.#commandsInSecond > this.#limits.commandsPerSecond)
      throw new ProtocolError(`more than ${this.#limits.commandsPerSecond} commands in a second`);
    if (now - this.#minuteBegan >= 60_000) {
      this.#minuteBegan = now;
      this.#commandsInMinute = 0;
    }
    if (++this.#commandsInMinute > this.#limits.commandsPerMinute)
      throw new ProtocolError(`more than ${this.#limits.commandsPerMinute} commands in a minute`);
  }

  #onUserControl(payload: Uint8Array): void {
    // Some servers send a one-byte value after private events; a body that is too short is ignored.
    if (payload.length < 6) return;
    const event = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    if (event === UserControl.PingRequest) {
      this.#countCommand();
      this.sendUserControl(UserControl.PingResponse, uint32(payload, 2));
    } else if (event === UserControl.PingResponse) this.#events.pong?.();
    else if (event === UserControl.SetBufferLength && payload.length >= 10) this.#bufferLengthMs = uint32(payload, 6);
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
