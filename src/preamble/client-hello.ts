import { ProtocolError } from "../base/errors.ts";
import { ByteReader } from "../bytes/reader.ts";

/** The first byte of every TLS connection: a record with a handshake message (RFC 8446, 5.1). */
export const TLS_HANDSHAKE = 0x16;

const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** A ClientHello has some 500 bytes, with keys of post-quantum exchange some 2000; this runtime's TLS takes no larger one. */
const MAX_BYTES = 16 * 1024;

/** The part of a ClientHello that decides how the connection continues. */
export interface ClientHello {
  /** The host that the client wants to talk to, in lower case; undefined when it does not say. */
  readonly serverName: string | undefined;
}

/**
 * Reads the ClientHello (RFC 8446, 4.1.2) at the start of what a connection has sent so far, for its server name (RFC 6066,
 * 3). Undefined: it is not complete yet. Throws ProtocolError when it is none.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | undefined {
  const message = joinRecords(bytes);
  if (message === undefined) return undefined;
  const reader = new ByteReader(message, "TLS ClientHello");
  reader.skip(4 + 2 + 32); // type and length, legacy_version, random
  reader.skip(reader.u8()); // legacy_session_id
  reader.skip(reader.u16()); // cipher_suites
  reader.skip(reader.u8()); // legacy_compression_methods
  if (reader.remaining === 0) return { serverName: undefined };
  const extensions = new ByteReader(reader.bytes(reader.u16()), "TLS ClientHello");
  while (extensions.remaining > 0) {
    const type = extensions.u16();
    const body = extensions.bytes(extensions.u16());
    if (type === SERVER_NAME) return { serverName: readServerName(body) };
  }
  return { serverName: undefined };
}

/** The handshake message out of its records, or undefined while some of it is missing. */
function joinRecords(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > 0 && bytes[0] !== TLS_HANDSHAKE) throw new ProtocolError("no TLS ClientHello");
  const message = new Uint8Array(Math.min(bytes.length, MAX_BYTES));
  let length = 0;
  for (let at = 0; at + 5 < bytes.length; ) {
    const size = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
    if (bytes[at] !== TLS_HANDSHAKE || bytes[at + 1] !== 3 || size === 0) throw new ProtocolError("no TLS ClientHello");
    const part = bytes.subarray(at + 5, at + 5 + size);
    if (length + part.length > MAX_BYTES) throw new ProtocolError("TLS ClientHello is too long");
    message.set(part, length);
    length += part.length;
    at += 5 + size;
  }
  if (length < 4) return tooMuch(bytes);
  const wanted = 4 + (((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0));
  if (message[0] !== CLIENT_HELLO) throw new ProtocolError("no TLS ClientHello");
  if (wanted > MAX_BYTES) throw new ProtocolError("TLS ClientHello is too long");
  return length < wanted ? tooMuch(bytes) : message.subarray(0, wanted);
}

/** Undefined, unless what should be a few records is made of thousands of small ones. */
function tooMuch(bytes: Uint8Array): undefined {
  if (bytes.length > 2 * MAX_BYTES) throw new ProtocolError("TLS ClientHello is too long");
}

function readServerName(body: Uint8Array): string | undefined {
  const list = new ByteReader(body, "TLS server name");
  list.skip(2); // the list's length
  while (list.remaining > 0) {
    const type = list.u8();
    const name = list.bytes(list.u16());
    if (type === HOST_NAME) return new TextDecoder("latin1").decode(name).toLowerCase();
  }
  return undefined;
}
