// Hot: once for each batch of a stream's bytes and framing; all viewers with the same framing share the result.
import type { RequestHead } from "./request.ts";
import { CloseCode, closeFrame, frameHeaderSize, Opcode, writeFrameHeader } from "./websocket-frame.ts";

/** How a body without a known end is framed: not at all (HTTP/1.0), in chunks, or in binary WebSocket frames. */
export type BodyFraming = "none" | "chunked" | "websocket";

const CR = 0x0d;
const LF = 0x0a;
const nothing = new Uint8Array(0);
const lastChunk = new TextEncoder().encode("0\r\n\r\n");

/** The framing of an answer to this request whose end is unknown. */
export function framingOf(head: Pick<RequestHead, "webSocket" | "minorVersion">): BodyFraming {
  if (head.webSocket) return "websocket";
  return head.minorVersion === 0 ? "none" : "chunked";
}

/**
 * The bytes as one chunk (RFC 9112, 7.1) or one frame (RFC 6455, 5.2), copied once into a buffer of exactly that size; with
 * "none" the same array. An empty array stays empty, as an empty chunk would end the body.
 */
export function framed(framing: BodyFraming, bytes: Uint8Array): Uint8Array {
  if (framing === "none" || bytes.length === 0) return bytes;
  return framing === "chunked" ? chunk(bytes) : frame(bytes);
}

/** The proper end of a body: the last chunk, a close frame (1000, with `reason`), or nothing. Must not be changed. */
export function framedEnd(framing: BodyFraming, reason?: string): Uint8Array {
  switch (framing) {
    case "none":
      return nothing;
    case "chunked":
      return lastChunk;
    case "websocket":
      return closeFrame(CloseCode.Normal, reason);
  }
}

/** The size in hexadecimal digits, CR LF, the bytes, CR LF. */
function chunk(bytes: Uint8Array): Uint8Array {
  let digits = 1;
  for (let rest = Math.floor(bytes.length / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  const out = new Uint8Array(digits + 2 + bytes.length + 2);
  let rest = bytes.length;
  for (let at = digits - 1; at >= 0; at--) {
    const digit = rest % 16;
    out[at] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = Math.floor(rest / 16);
  }
  out[digits] = CR;
  out[digits + 1] = LF;
  out.set(bytes, digits + 2);
  out[out.length - 2] = CR;
  out[out.length - 1] = LF;
  return out;
}

function frame(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(frameHeaderSize(bytes.length) + bytes.length);
  out.set(bytes, writeFrameHeader(out, 0, Opcode.Binary, bytes.length));
  return out;
}
