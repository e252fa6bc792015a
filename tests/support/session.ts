import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { decodeAmfMessage } from "../../src/amf/message.ts";
import { AmfObject, type AmfValue } from "../../src/amf/value.ts";
import { messageSize, writeMessage } from "../../src/rtmp/chunk-writer.ts";
import { MessageType, UserControl } from "../../src/rtmp/messages.ts";
import { concat, toHex } from "./bytes.ts";

/** A whole message, as a peer sent it. */
export interface SentMessage {
  readonly type: number;
  readonly streamId: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** The bytes of one message with a type-0 header; `chunkSize` is what the sender has announced. */
export function message(
  type: number,
  streamId: number,
  payload: Uint8Array,
  timestamp = 0,
  chunkSize = 128,
): Uint8Array {
  const out = new Uint8Array(messageSize(payload.length, timestamp, chunkSize));
  writeMessage(out, 0, streamId === 0 ? 3 : 8, timestamp, type, streamId, payload, chunkSize);
  return out;
}

/** A command on stream 0. */
export function command(...values: AmfValue[]): Uint8Array {
  return commandOn(0, ...values);
}

/** A command on a message stream. */
export function commandOn(streamId: number, ...values: AmfValue[]): Uint8Array {
  return message(MessageType.CommandAmf0, streamId, encodeAmf0(values));
}

/** A command as Flash sends it once it has asked for AMF3: type 17, a zero byte, then AMF0. */
export function flashCommand(streamId: number, ...values: AmfValue[]): Uint8Array {
  return message(MessageType.CommandAmf3, streamId, concat([Uint8Array.of(0), encodeAmf0(values)]));
}

/** `connect` with the given fields besides the usual ones. */
export function connect(fields: Record<string, AmfValue> = {}, ...extra: AmfValue[]): Uint8Array {
  const object = { app: "live", tcUrl: "rtmp://localhost/live", ...fields };
  return command("connect", 1, AmfObject.of(object), ...extra);
}

/** A 32-bit control message: chunk size, acknowledgement, window. */
export function control(type: number, value: number): Uint8Array {
  return message(type, 0, u32(value));
}

/** A user control message with one or two 32-bit values. */
export function userControl(event: number, ...values: number[]): Uint8Array {
  return message(MessageType.UserControl, 0, concat([Uint8Array.of(event >> 8, event), ...values.map(u32)]));
}

/** A client that shakes hands in the simple way and says nothing more: C0, C1, and any C2. */
export function clientHandshake(): Uint8Array {
  const bytes = new Uint8Array(1 + 1536 + 1536);
  bytes[0] = 3;
  return bytes;
}

/**
 * Reads what our own side wrote, independently of `ChunkReader`: only type-0 headers, continued by type 3, one message
 * after another. Set Chunk Size is obeyed and shown like any other message.
 */
export class SentReader {
  readonly messages: SentMessage[] = [];
  #chunkSize = 128;
  #skip: number;
  #bytes: Uint8Array = new Uint8Array(0);

  /** `skip`: bytes of a handshake before the first message. */
  constructor(skip = 0) {
    this.#skip = skip;
  }

  push(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    this.#bytes = concat([this.#bytes, bytes.subarray(skipped)]);
    for (let end = this.#readOne(this.#bytes); end > 0; end = this.#readOne(this.#bytes)) {
      this.#bytes = this.#bytes.slice(end);
    }
  }

  /** What came since the last call. */
  take(): SentMessage[] {
    return this.messages.splice(0);
  }

  get incomplete(): number {
    return this.#bytes.length;
  }

  /** Reads one message from the start of `bytes`; returns where it ends, 0 when it is not whole. */
  #readOne(bytes: Uint8Array): number {
    if (bytes.length < 12) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const first = view.getUint8(0);
    if (first >= 64) throw new Error(`expected a type-0 chunk header, found 0x${first.toString(16)}`);
    const field = view.getUint32(0) & 0xffffff;
    const length = view.getUint32(3) & 0xffffff;
    const extended = field === 0xffffff;
    let at = extended ? 16 : 12;
    if (bytes.length < at) return 0;
    const timestamp = extended ? view.getUint32(12) : field;
    const parts: Uint8Array[] = [];
    for (let left = length; left > 0 || parts.length === 0; ) {
      if (parts.length > 0) {
        if (at < bytes.length && view.getUint8(at) !== (0xc0 | first))
          throw new Error("expected a type-3 chunk header");
        at += extended ? 5 : 1;
      }
      const size = Math.min(left, this.#chunkSize);
      if (at + size > bytes.length) return 0;
      parts.push(bytes.slice(at, at + size));
      at += size;
      left -= size;
    }
    const type = view.getUint8(7);
    const payload = concat(parts);
    if (type === MessageType.SetChunkSize) this.#chunkSize = new DataView(payload.buffer).getUint32(0);
    this.messages.push({ type, streamId: view.getUint32(8, true), timestamp, payload });
    return at;
  }
}

const CONTROL_NAMES: Readonly<Record<number, string>> = {
  [MessageType.SetChunkSize]: "SetChunkSize",
  [MessageType.Acknowledgement]: "Acknowledgement",
  [MessageType.WindowAckSize]: "WindowAckSize",
};
const EVENT_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(UserControl).map(([name, event]) => [event, name]),
);

/**
 * A message as one line, such as `WindowAckSize 2500000`, `StreamBegin 1`, `onStatus@1 NetStream.Play.Start` or
 * `_result 4 null 1`: information objects are shortened to their code, media to kind, time and length.
 */
export function brief({ type, streamId, timestamp, payload }: SentMessage): string {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const on = streamId === 0 ? "" : `@${streamId}`;
  switch (type) {
    case MessageType.SetPeerBandwidth:
      return `SetPeerBandwidth ${view.getUint32(0)} ${view.getUint8(4)}`;
    case MessageType.UserControl: {
      const values = Array.from({ length: (payload.length - 2) / 4 }, (_, i) => view.getUint32(2 + 4 * i));
      return `${EVENT_NAMES[view.getUint16(0)]} ${values.join(" ")}`;
    }
    case MessageType.CommandAmf0:
    case MessageType.DataAmf0: {
      const [name, ...rest] = decodeAmfMessage(payload, false);
      const words = rest.filter((value) => value !== undefined).map(briefValue);
      return [`${String(name)}${on}`, ...(name === "onStatus" ? words.slice(2) : words)].join(" ");
    }
    case MessageType.Audio:
    case MessageType.Video:
      return `${type === MessageType.Audio ? "audio" : "video"}${on} ${timestamp} ${toHex(payload.subarray(0, 4))}`;
    default:
      return CONTROL_NAMES[type] === undefined ? `type ${type}${on}` : `${CONTROL_NAMES[type]} ${view.getUint32(0)}`;
  }
}

function briefValue(value: AmfValue): string {
  if (value instanceof AmfObject) return value.string("code") ?? "{}";
  return String(value);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
