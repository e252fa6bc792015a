import { httpLimits } from "./limits.ts";
import { CloseCode, MAX_CONTROL_BYTES, Opcode } from "./websocket-frame.ts";

/** How a client's side of a WebSocket connection ended. */
export interface WebSocketClose {
  /** True: the client sent a close frame; false: it broke the protocol or a limit. */
  readonly clean: boolean;
  /** The code for the close frame in answer; undefined if the client's had none. */
  readonly code: number | undefined;
  /** The client's reason, which may be any text, or the breach. */
  readonly reason: string;
}

/** What a client sends. Payloads belong to the receiver. */
export interface WebSocketEvents {
  /** A whole message, at most 4 KiB. */
  message(payload: Uint8Array, text: boolean): void;
  /** To be answered by `pongFrame`; of several pings the newest is enough (RFC 6455, 5.5.3). */
  ping(payload: Uint8Array): void;
  /** The answer to a ping, or an unsolicited pong. */
  pong(payload: Uint8Array): void;
  /** The last event: answer with `closeFrame` unless one was sent, then close the connection. */
  close(close: WebSocketClose): void;
}

const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTROL = 0x08;
/** The longest header: two bytes, 64 bits of length, the mask. */
const MAX_HEADER_BYTES = 14;
const asUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/*
 * header ──> payload ──> header …                one frame after the other
 *    └──────────┴────────────────> closed        a close frame, or a breach
 */
/**
 * Reads the frames of one WebSocket client (RFC 6455, 5), in pieces of any size. Messages are limited to 4 KiB, as this
 * server needs none from its clients. Never throws: a breach of the protocol is reported by the close event.
 */
export class WebSocketReader {
  readonly #events: WebSocketEvents;
  #closed = false;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** The payload of the current frame; undefined while its header is incomplete. */
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;
  /** The fragments of a message so far, in one buffer, so that thousands of tiny ones cost no more than one message. */
  #message: Uint8Array | undefined;
  #messageBytes = 0;
  /** Text or Binary while a message is incomplete. */
  #opcode: number | undefined;

  constructor(events: WebSocketEvents) {
    this.#events = events;
  }

  /** Bytes held for incomplete frames and messages. */
  get heldBytes(): number {
    return (this.#message?.length ?? 0) + (this.#payload?.length ?? 0);
  }

  /** Takes bytes from the client. Nothing is read after its close. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      if (this.#payload === undefined) {
        this.#header[this.#headerBytes++] = bytes[at++] ?? 0;
        this.#onHeaderByte();
        continue;
      }
      const count = Math.min(this.#payload.length - this.#payloadBytes, bytes.length - at);
      this.#payload.set(bytes.subarray(at, at + count), this.#payloadBytes);
      this.#payloadBytes += count;
      at += count;
      if (this.#payloadBytes === this.#payload.length) this.#onFrame(this.#payload);
    }
  }

  #onHeaderByte(): void {
    const first = this.#header[0] ?? 0;
    const second = this.#header[1] ?? 0;
    if (this.#headerBytes === 1) this.#checkFirst(first);
    else if (this.#headerBytes === 2 && (second & MASKED) === 0) this.#fail("a frame is not masked");
    if (this.#closed || this.#headerBytes < 2) return;
    const short = second & 0x7f;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (this.#headerBytes === 2 && lengthBytes > 0 && (first & CONTROL) !== 0) {
      this.#fail(`a control frame has more than ${MAX_CONTROL_BYTES} bytes`);
    } else if (this.#headerBytes === 2 + lengthBytes)
      this.#checkLength(first, lengthBytes === 0 ? short : this.#length());
    else if (this.#headerBytes === 2 + lengthBytes + 4) this.#begin(lengthBytes === 0 ? short : this.#length());
  }

  /** Checks FIN, three reserved bits, and the opcode. */
  #checkFirst(first: number): void {
    const opcode = first & 0x0f;
    if ((first & RESERVED) !== 0) this.#fail("a frame uses an extension that was not agreed on");
    else if ((opcode & 7) > 2) this.#fail("a frame has an opcode that is not known");
    else if ((opcode & CONTROL) !== 0) {
      if ((first & FIN) === 0) this.#fail("a control frame is fragmented");
    } else if ((opcode === Opcode.Continuation) === (this.#opcode === undefined)) {
      this.#fail(opcode === Opcode.Continuation ? "a fragment continues nothing" : "a message begins within another");
    }
  }

  /** The length in 16 or 64 bits after the first two bytes. */
  #length(): number {
    const end = (this.#header[1] ?? 0) === (MASKED | 126) ? 4 : 10;
    let length = 0;
    for (let at = 2; at < end; at++) length = length * 256 + (this.#header[at] ?? 0);
    return length;
  }

  #checkLength(first: number, length: number): void {
    const least = this.#headerBytes === 2 ? 0 : this.#headerBytes === 4 ? 126 : 0x10000;
    if (length < least) this.#fail("a length is not written in the shortest way");
    else if ((first & CONTROL) === 0 && length + this.#messageBytes > httpLimits.webSocketMessageBytes) {
      const limit = httpLimits.webSocketMessageBytes;
      this.#close({ clean: false, code: CloseCode.TooLarge, reason: `a message has more than ${limit} bytes` });
    }
  }

  #begin(length: number): void {
    this.#payload = new Uint8Array(length);
    this.#payloadBytes = 0;
    if (length === 0) this.#onFrame(this.#payload);
  }

  #onFrame(payload: Uint8Array): void {
    const maskAt = this.#headerBytes - 4;
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (this.#header[maskAt + (i & 3)] ?? 0);
    const first = this.#header[0] ?? 0;
    this.#payload = undefined;
    this.#headerBytes = 0;
    switch (first & 0x0f) {
      case Opcode.Close:
        this.#onClose(payload);
        break;
      case Opcode.Ping:
        this.#events.ping(payload);
        break;
      case Opcode.Pong:
        this.#events.pong(payload);
        break;
      default:
        this.#onData(first & 0x0f, payload, (first & FIN) !== 0);
    }
  }

  #onData(opcode: number, payload: Uint8Array, last: boolean): void {
    this.#opcode ??= opcode;
    const whole = last && this.#message === undefined;
    if (!whole) this.#append(payload);
    if (!last) return;
    const message = whole ? payload : (this.#message?.slice(0, this.#messageBytes) ?? payload);
    const text = this.#opcode === Opcode.Text;
    this.#message = undefined;
    this.#messageBytes = 0;
    this.#opcode = undefined;
    if (text && decoded(message) === undefined) this.#failText("a text message is not UTF-8");
    else this.#events.message(message, text);
  }

  #append(payload: Uint8Array): void {
    this.#message ??= new Uint8Array(httpLimits.webSocketMessageBytes);
    this.#message.set(payload, this.#messageBytes);
    this.#messageBytes += payload.length;
  }

  /** Reads a code of 16 bits and a reason, or nothing (RFC 6455, 5.5.1). */
  #onClose(payload: Uint8Array): void {
    if (payload.length === 0) {
      this.#close({ clean: true, code: undefined, reason: "" });
      return;
    }
    const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    if (payload.length === 1 || !mayBeSent(code)) {
      this.#fail("a close frame has no valid code");
      return;
    }
    const reason = decoded(payload.subarray(2));
    if (reason === undefined) this.#failText("the reason of a close frame is not UTF-8");
    else this.#close({ clean: true, code, reason });
  }

  #fail(reason: string): void {
    this.#close({ clean: false, code: CloseCode.ProtocolError, reason });
  }

  #failText(reason: string): void {
    this.#close({ clean: false, code: CloseCode.InvalidPayload, reason });
  }

  #close(close: WebSocketClose): void {
    this.#closed = true;
    this.#payload = undefined;
    this.#message = undefined;
    this.#messageBytes = 0;
    this.#events.close(close);
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return asUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether a close frame may have this code (RFC 6455, 7.4): those that stand for a close without a frame are excluded. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
