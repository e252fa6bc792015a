import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject, type AmfValue } from "../../../src/amf/value.ts";
import { messageSize, writeMessage } from "../../../src/rtmp/chunk-writer.ts";
import { concat } from "../bytes.ts";

/** A whole message in one type-0 chunk, and type-3 chunks where `chunkSize` is smaller. */
export interface WireMessage {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly chunkStreamId?: number;
  readonly streamId?: number;
  readonly timestamp?: number;
}

/** The chunk size that `hello` announces, so that what follows is in one piece. */
export const CHUNK_SIZE = 0x7fffffff;

/** Big endian. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** `byte` again and again. */
export function filled(length: number, byte = 0x41): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** One message as chunks. */
export function message(what: WireMessage, chunkSize = CHUNK_SIZE): Uint8Array {
  const { type, payload, chunkStreamId = 3, streamId = 0, timestamp = 0 } = what;
  const out = new Uint8Array(messageSize(payload.length, timestamp, chunkSize));
  writeMessage(out, 0, chunkStreamId, timestamp, type, streamId, payload, chunkSize);
  return out;
}

/** A type-0 chunk header for a message of `length` bytes, whatever follows it. */
export function header(chunkStreamId: number, length: number, type: number, streamId = 0): Uint8Array {
  const basic =
    chunkStreamId < 64
      ? [chunkStreamId]
      : chunkStreamId < 320
        ? [0, chunkStreamId - 64]
        : [1, (chunkStreamId - 64) & 0xff, (chunkStreamId - 64) >> 8];
  return Uint8Array.of(...basic, 0, 0, 0, length >>> 16, length >>> 8, length, type, streamId, 0, 0, 0);
}

/** A command message. */
export function command(streamId: number, name: string, id: number, ...args: readonly AmfValue[]): Uint8Array {
  return message({ type: 20, streamId, payload: encodeAmf0([name, id, ...args]) }, 128);
}

/** C0, C1 and C2 of the simple handshake, sent without waiting. */
export function handshake(): Uint8Array {
  const bytes = new Uint8Array(1 + 2 * 1536);
  bytes[0] = 3;
  return bytes;
}

/** `connect` with further properties. */
export function connect(properties: Readonly<Record<string, AmfValue>> = {}): Uint8Array {
  const object = { app: "live", tcUrl: "rtmp://127.0.0.1/live", flashVer: "hostile", ...properties };
  return command(0, "connect", 1, AmfObject.of(object));
}

/** All from the handshake to the largest chunk size, in one piece. */
export function hello(properties: Readonly<Record<string, AmfValue>> = {}): Uint8Array {
  return concat([handshake(), connect(properties), message({ type: 1, chunkStreamId: 2, payload: u32(CHUNK_SIZE) })]);
}

/** `hello`, then a stream created and published. */
export function publishing(name: string): Uint8Array {
  return concat([hello(), command(0, "createStream", 2, null), command(1, "publish", 3, null, name, "live")]);
}

/** `hello`, then a stream created and played. */
export function playing(name: string): Uint8Array {
  return concat([hello(), command(0, "createStream", 2, null), command(1, "play", 3, null, name)]);
}

/** One media message of message stream 1. */
export function media(type: 8 | 9 | 18, payload: Uint8Array, timestamp = 0): Uint8Array {
  return message({ type, payload, timestamp, streamId: 1, chunkStreamId: type === 9 ? 6 : type === 8 ? 7 : 5 });
}

/** `count` copies of `bytes`. */
export function repeat(bytes: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) out.set(bytes, i * bytes.length);
  return out;
}
