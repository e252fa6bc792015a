import type { Transport } from "../../base/transport.ts";
import type { Reader } from "../../live/readers/reader.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { messageSize, writeMessage } from "../../rtmp/chunk-writer.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import { ChunkStreamId, MessageType } from "../../rtmp/messages.ts";

/** The same size as for other RTMP readers, where the configuration keeps it, so that they share the encoded bytes. */
const CHUNK_SIZE = 60_000;
const FIRST_CHUNK_SIZE = 128;

/** Encodes texts of messages. */
const encoder = new TextEncoder();

/**
 * A stream sent to the other process: RTMP messages without the dialogue. It begins with Set Chunk Size. A command message (AMF0)
 * of one byte is the end: 1 if the publisher ended the stream properly, else 0. A command message of type 17 (AMF3) is the stream's
 * epoch: a byte, 1 when packets just before those that follow are lost, else 0, then its text; a message of type 16 (a shared
 * object), before the epoch that it comes with, is the stream's ladder; one of type 22 (an aggregate), there too, is the text of its
 * encoder's tracks; one of type 19 (another shared object) is the age of its packets, ms as text. Older versions ignore these.
 */
export class SiblingReader {
  readonly stream: Stream;
  readonly #transport: Transport;
  readonly #reader: Reader;

  constructor(stream: Stream, transport: Transport, formats: RtmpFormats) {
    this.stream = stream;
    this.#transport = transport;
    const { length } = SET_CHUNK_SIZE;
    const first = new Uint8Array(messageSize(length, 0, FIRST_CHUNK_SIZE));
    writeMessage(first, 0, 2, 0, MessageType.SetChunkSize, 0, SET_CHUNK_SIZE, FIRST_CHUNK_SIZE);
    transport.send(first);
    const how = { messageStreamId: 1, audio: true, video: true, publishing: true };
    this.#sendEpoch(false);
    const age = stream.ageMs();
    if (age !== undefined) this.#send(MessageType.SharedObjectAmf0, encoder.encode(String(age)));
    this.#reader = stream.join(formats.get({ ...how, chunkSize: CHUNK_SIZE }), transport, {
      epoch: (lost) => this.#sendEpoch(lost),
      skipped: () => this.#sendEpoch(true),
    });
  }

  drained(): void {
    this.#reader.drained();
  }

  /** The publisher has left, and all its packets are on their way. */
  end(how: SourceEnd): void {
    this.leave();
    this.#send(MessageType.CommandAmf0, Uint8Array.of(how === "unpublished" ? 1 : 0));
    this.#transport.close();
  }

  #sendEpoch(lost: boolean): void {
    const { epoch, ladder, tracks } = this.stream.told;
    if (epoch === undefined) return;
    this.#send(MessageType.SharedObjectAmf3, encoder.encode(ladder));
    this.#send(MessageType.Aggregate, encoder.encode(tracks));
    this.#send(MessageType.CommandAmf3, encoder.encode(`${lost ? "\x01" : "\0"}${epoch}`));
  }

  #send(type: number, body: Uint8Array): void {
    const bytes = new Uint8Array(messageSize(body.length, 0, CHUNK_SIZE));
    writeMessage(bytes, 0, ChunkStreamId.Command, 0, type, 0, body, CHUNK_SIZE);
    this.#transport.send(bytes);
  }

  /** The connection is gone. */
  leave(): void {
    this.stream.leave(this.#reader);
  }
}

const SET_CHUNK_SIZE = Uint8Array.of(0, 0, CHUNK_SIZE >>> 8, CHUNK_SIZE & 0xff);
