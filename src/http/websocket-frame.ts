// Hot: a header for each batch of a stream's bytes.

/** Kinds of frames (RFC 6455, 5.2). */
export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

/** Codes of close frames (RFC 6455, 7.4.1). */
export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  InvalidPayload: 1007,
  PolicyViolation: 1008,
  TooLarge: 1009,
  InternalError: 1011,
  TryAgainLater: 1013,
} as const;

/** The longest payload of a control frame, bytes (RFC 6455, 5.5). */
export const MAX_CONTROL_BYTES = 125;
const FIN = 0x80;
const MASKED = 0x80;

/** Size of a server's frame header for a payload of this size, bytes. */
export function frameHeaderSize(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 0x10000 ? 4 : 10;
}

/**
 * Writes the header of a whole, unmasked frame at `at`; returns where its payload begins (RFC 6455, 5.2).
 *
 *     FIN, opcode | length < 126, or 126 and 16 bits, or 127 and 64 bits
 */
export function writeFrameHeader(into: Uint8Array, at: number, opcode: number, payloadBytes: number): number {
  into[at] = FIN | opcode;
  if (payloadBytes < 126) {
    into[at + 1] = payloadBytes;
    return at + 2;
  }
  if (payloadBytes < 0x10000) {
    into[at + 1] = 126;
    into[at + 2] = payloadBytes >>> 8;
    into[at + 3] = payloadBytes;
    return at + 4;
  }
  into[at + 1] = 127;
  const high = Math.floor(payloadBytes / 0x1_0000_0000);
  for (let i = 0; i < 4; i++) {
    into[at + 2 + i] = high >>> (24 - 8 * i);
    into[at + 6 + i] = payloadBytes >>> (24 - 8 * i);
  }
  return at + 10;
}

/** The answer to a ping, with the same payload, at most 125 bytes. */
export function pongFrame(payload: Uint8Array): Uint8Array {
  return controlFrame(Opcode.Pong, payload);
}

/** A ping, which finds out whether the client is still connected. */
export function pingFrame(payload: Uint8Array): Uint8Array {
  return controlFrame(Opcode.Ping, payload);
}

/** A close frame; without a code if the client gave none. A reason of more than 123 bytes is cut. */
export function closeFrame(code?: number, reason = ""): Uint8Array {
  if (code === undefined) return controlFrame(Opcode.Close, new Uint8Array(0));
  const payload = new Uint8Array(MAX_CONTROL_BYTES);
  payload[0] = code >>> 8;
  payload[1] = code;
  // encodeInto never cuts within a character.
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return controlFrame(Opcode.Close, payload.subarray(0, 2 + written));
}

function controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_CONTROL_BYTES) throw new Error(`a control frame of ${payload.length} bytes`);
  const frame = new Uint8Array(2 + payload.length);
  frame.set(payload, writeFrameHeader(frame, 0, opcode, payload.length));
  return frame;
}

/** A control frame of a client, whose payload is masked with 4 bytes (RFC 6455, 5.3). */
export function maskedControlFrame(opcode: number, payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const plain = controlFrame(opcode, payload);
  const out = new Uint8Array(plain.length + mask.length);
  out.set([plain[0] ?? 0, (plain[1] ?? 0) | MASKED]);
  out.set(mask, 2);
  for (let at = 0; at < payload.length; at++) out[6 + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return out;
}
