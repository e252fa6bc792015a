// Hot: onMessage runs for each message of each stream that comes from the sibling.
import { ProtocolError } from "../../base/errors.ts";
import type { LocalNet, Transport, TransportHandler } from "../../base/transport.ts";
import type { OnConflict, Source, SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { PacketKind } from "../../media/packet.ts";
import { ChunkReader, type MessageHandler } from "../../rtmp/chunk-reader.ts";
import { readAge } from "../../rtmp/connect.ts";
import type { RtmpLimits } from "../../rtmp/limits.ts";
import { MessageType } from "../../rtmp/messages.ts";
import { lineOf, type Published } from "./messages.ts";

const decoder = new TextDecoder();

/** The process that a stream comes from. */
export interface OtherProcess {
  readonly local: LocalNet;
  readonly limits: RtmpLimits;
  /** The other process's socket and process id. */
  readonly path: string;
  readonly pid: number;
}

/** Notifications for a sibling source's owner. */
export interface SiblingSourceEvents {
  /** The stream's publisher in the other process has to end. */
  dismissed(reason: string): void;
  /** Called once, when no more packets follow. */
  gone(): void;
}

/**
 * A stream published in the other process, as a source of the same stream here. The source exists before the first packet, so that
 * no origin is asked for the stream.
 */
export class SiblingSource implements TransportHandler, MessageHandler {
  readonly stream: Stream;
  published: Published;
  readonly #other: OtherProcess;
  #source: Source | undefined;
  /** The stream's ladder and its encoder's tracks, which apply with the next epoch. */
  #ladder = "";
  #tracks = "";
  readonly #reader: ChunkReader;
  readonly #events: SiblingSourceEvents;
  #transport: Transport | undefined;
  #over = false;

  constructor(other: OtherProcess, published: Published, stream: Stream, events: SiblingSourceEvents) {
    this.stream = stream;
    this.published = published;
    this.#other = other;
    this.#events = events;
    this.#reader = new ChunkReader(this, other.limits);
  }

  start(onConflict: OnConflict): void {
    const { local, path, pid } = this.#other;
    const { param, hops, yields = false } = this.published;
    this.#source = this.stream.publish(
      { id: `server ${pid}`, remote: "this machine", param, hops, via: "sibling", yields },
      {
        onConflict,
        events: { replaced: () => this.stop(), dismissed: (reason) => this.#events.dismissed(reason) },
      },
    );
    if (this.#source === undefined) this.#end("lost");
    else local.dial(path, this);
  }

  /** The other process has another source of the stream, or its source comes through other servers. */
  reroute(published: Published): void {
    this.published = published;
    this.#source?.reroute(published.hops, published.yields ?? false);
  }

  /** The stream is no longer watched here, or is published here. */
  stop(): void {
    this.#end("lost");
    this.#transport?.abort();
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    if (this.#over) transport.abort();
    else transport.send(lineOf({ lend: this.published.name }));
  }

  onData(bytes: Uint8Array): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.stop();
    }
  }

  onDrain(): void {}

  onClose(): void {
    this.#end("lost");
  }

  onMessage(type: number, _streamId: number, timestamp: number, payload: Uint8Array): void {
    switch (type) {
      case MessageType.Audio:
      case MessageType.Video:
        this.#source?.push(type, timestamp, payload);
        return;
      case MessageType.DataAmf0:
        this.#source?.push(PacketKind.Data, timestamp, payload);
        return;
      case MessageType.DataAmf3:
        this.#source?.push(PacketKind.Data, timestamp, payload, true);
        return;
      case MessageType.SharedObjectAmf3:
        this.#ladder = decoder.decode(payload);
        return;
      case MessageType.Aggregate:
        this.#tracks = decoder.decode(payload);
        return;
      case MessageType.CommandAmf3:
        this.#source?.receiveEpoch(decoder.decode(payload.subarray(1)), payload[0] === 1, this.#ladder, this.#tracks);
        return;
      case MessageType.SharedObjectAmf0:
        this.#source?.receiveAge(readAge(Number(decoder.decode(payload))));
        return;
      case MessageType.CommandAmf0:
        this.#end(payload[0] === 1 ? "unpublished" : "lost");
        return;
      default:
    }
  }

  #end(how: SourceEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#source?.end(how);
    this.#events.gone();
  }
}
