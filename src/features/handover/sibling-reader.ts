import type { Transport } from "../../base/transport.ts";
import type { Reader } from "../../live/readers/reader.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { messageSize, writeMessage } from "../../rtmp/chunk-writer.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import { MessageType } from "../../rtmp/messages.ts";

/** As in the RTMP that everybody else gets, so that the bytes are the same wherever that has this size, too. */
const LEND_CHUNK_SIZE = 60_000;
const FIRST_CHUNK_SIZE = 128;

/**
 * A stream on its way to the other generation: RTMP's messages without its dialogue. Begins with Set Chunk Size; a command
 * message that is one byte, 1 when the publisher said goodbye, else 0, is the end.
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
    this.#reader = stream.join(formats.get({ ...how, chunkSize: LEND_CHUNK_SIZE }), transport, {});
  }

  drained(): void {
    this.#reader.drained();
  }

  /** The publisher is gone, and all its packets are on their way. */
  end(how: SourceEnd): void {
    this.leave();
    const last = Uint8Array.of(how === "unpublished" ? 1 : 0);
    const bytes = new Uint8Array(messageSize(last.length, 0, LEND_CHUNK_SIZE));
    writeMessage(bytes, 0, 3, 0, MessageType.CommandAmf0, 0, last, LEND_CHUNK_SIZE);
    this.#transport.send(bytes);
    this.#transport.close();
  }

  /** The connection is gone. */
  leave(): void {
    this.stream.leave(this.#reader);
  }
}

const SET_CHUNK_SIZE = Uint8Array.of(0, 0, LEND_CHUNK_SIZE >>> 8, LEND_CHUNK_SIZE & 0xff);
