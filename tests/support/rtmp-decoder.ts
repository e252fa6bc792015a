import { ChunkReader } from "../../src/rtmp/chunk-reader.ts";
import { messageSize, writeMessage } from "../../src/rtmp/chunk-writer.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { MessageType } from "../../src/rtmp/messages.ts";
import { nameOf } from "./live.ts";

/** One message as a peer got it. */
export interface GotMessage {
  readonly type: number;
  readonly streamId: number;
  readonly time: number;
  readonly name: string;
  readonly payload: Uint8Array;
}

/** Reads the bytes of an `RtmpFormat` as a peer would that was told the chunk size. */
export class RtmpDecoder {
  readonly got: GotMessage[] = [];
  readonly #reader: ChunkReader;

  constructor(chunkSize: number, onMessage?: (got: GotMessage) => void) {
    const take = onMessage ?? ((got: GotMessage) => this.got.push(got));
    this.#reader = new ChunkReader(
      {
        onMessage: (type, streamId, time, payload) =>
          take({ type, streamId, time, payload: payload.slice(), name: nameOf(type, payload) }),
      },
      defaultLimits,
    );
    const size = Uint8Array.of(chunkSize >>> 24, chunkSize >>> 16, chunkSize >>> 8, chunkSize);
    const message = new Uint8Array(messageSize(size.length, 0, 128));
    writeMessage(message, 0, 2, 0, MessageType.SetChunkSize, 0, size, 128);
    this.#reader.push(message);
  }

  push(bytes: Uint8Array): void {
    // The reader frees what it is given, and others have the same bytes.
    this.#reader.push(bytes.slice());
  }
}
