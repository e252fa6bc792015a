// Hot: push runs for each piece that each player receives.
import { ProtocolError } from "../../base/errors.ts";
import { MAX_CONTROL_BYTES, Opcode } from "../../http/websocket-frame.ts";

/** What a WebSocket server sends. */
export interface FrameEvents {
  /** The next bytes of binary messages, lent for the call. The boundaries of messages are not reported. */
  data(bytes: Uint8Array): void;
  /** To be answered by a pong with the same payload. */
  ping(payload: Uint8Array): void;
  /** The server ends the connection with this code and reason; 1005: without a code. */
  closed(code: number, reason: string): void;
}

const CONTROL = 0x08;
const MASKED = 0x80;
const NO_CODE = 1005;
const MAX_HEADER_BYTES = 10;

/** Reads the frames of a WebSocket server (RFC 6455, 5.2) from pieces of any size, without buffering data. */
export class WebSocketFrames {
  readonly #events: FrameEvents;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #have = 0;
  /** Bytes of the frame's payload still to come; -1 while its header is read. */
  #left = -1;
  readonly #control = new Uint8Array(MAX_CONTROL_BYTES);
  #controlBytes = 0;
  #closed = false;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /** Takes bytes from the server; those after its close frame are ignored. Throws ProtocolError. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      if (this.#left < 0) {
        this.#header[this.#have++] = bytes[at++] ?? 0;
        this.#onHeaderByte();
        continue;
      }
      const part = bytes.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      if (((this.#header[0] ?? 0) & CONTROL) === 0) this.#events.data(part);
      else {
        this.#control.set(part, this.#controlBytes);
        this.#controlBytes += part.length;
      }
      if (this.#left === 0) this.#onFrame();
    }
  }

  #onHeaderByte(): void {
    if (this.#have < 2) return;
    const first = this.#header[0] ?? 0;
    const second = this.#header[1] ?? 0;
    const short = second & 0x7f;
    const size = short < 126 ? 2 : short === 126 ? 4 : MAX_HEADER_BYTES;
    if (this.#have === 2) check(first, second);
    if (this.#have < size) return;
    let length = size === 2 ? short : 0;
    for (let at = 2; at < size; at++) length = length * 256 + (this.#header[at] ?? 0);
    this.#left = length;
    this.#controlBytes = 0;
    if (length === 0) this.#onFrame();
  }

  #onFrame(): void {
    const opcode = (this.#header[0] ?? 0) & 0x0f;
    this.#have = 0;
    this.#left = -1;
    if (opcode === Opcode.Ping) this.#events.ping(this.#control.slice(0, this.#controlBytes));
    else if (opcode === Opcode.Close) {
      this.#closed = true;
      const [high = 0, low = 0] = this.#control;
      const reason = new TextDecoder().decode(this.#control.subarray(2, this.#controlBytes));
      this.#events.closed(this.#controlBytes < 2 ? NO_CODE : (high << 8) | low, this.#controlBytes < 2 ? "" : reason);
    }
  }
}

/** The first two bytes: FIN, reserved bits and opcode; mask and length. */
function check(first: number, second: number): void {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) throw new ProtocolError("a WebSocket frame uses an extension that was not agreed on");
  if (opcode === Opcode.Text) throw new ProtocolError("a WebSocket message is text, where a stream is binary");
  if ((opcode & 7) > 2) throw new ProtocolError(`a WebSocket frame has the opcode ${opcode}, which is not known`);
  if ((second & MASKED) !== 0) throw new ProtocolError("a WebSocket server has masked a frame");
  if ((opcode & CONTROL) !== 0 && (second & 0x7f) > MAX_CONTROL_BYTES)
    throw new ProtocolError(`a WebSocket control frame has more than ${MAX_CONTROL_BYTES} bytes`);
}
