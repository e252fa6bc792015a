import { listHas } from "./characters.ts";
import type { HeaderFields } from "./header-fields.ts";
import { type HeadRefusal, refuseHead } from "./refusal.ts";

/** The version of RFC 6455, the only one. */
const VERSION = "13";
/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
/** Appended to the key before it is hashed (RFC 6455, 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** SHA-1 of some bytes, 20 bytes. */
export type Sha1 = (bytes: Uint8Array) => Uint8Array;

/**
 * Reads a request's WebSocket handshake (RFC 6455, 4.2.1): its key, undefined if there is none, or a refusal. An Upgrade to
 * something else, or one that Connection does not name, is ignored (RFC 9110, 7.8).
 */
export function readUpgrade(
  method: string,
  minorVersion: 0 | 1,
  fields: HeaderFields,
): string | HeadRefusal | undefined {
  if (minorVersion === 0 || !listHas(fields.get("upgrade"), "websocket")) return undefined;
  if (!listHas(fields.get("connection"), "upgrade")) return undefined;
  if (method !== "GET") return refuseHead(400, "a WebSocket handshake is a GET request");
  if (fields.get("sec-websocket-version") !== VERSION) {
    return refuseHead(426, `the WebSocket version must be ${VERSION}`, {
      upgrade: "websocket",
      "sec-websocket-version": VERSION,
    });
  }
  const key = fields.get("sec-websocket-key") ?? "";
  return KEY.test(key) ? key : refuseHead(400, "Sec-WebSocket-Key is not 16 bytes in base64");
}

/** The headers of the answer to a handshake, with status 101 (RFC 6455, 4.2.2). No subprotocol and no extension is chosen. */
export function upgradeHeaders(key: string, sha1: Sha1): Readonly<Record<string, string>> {
  return { upgrade: "websocket", connection: "Upgrade", "sec-websocket-accept": acceptKey(key, sha1) };
}

/** The value of Sec-WebSocket-Accept for a client's key (RFC 6455, 1.3). */
export function acceptKey(key: string, sha1: Sha1): string {
  return sha1(new TextEncoder().encode(key + GUID)).toBase64();
}
