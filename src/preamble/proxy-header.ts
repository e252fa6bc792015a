import type { HostPort } from "../base/address.ts";
import { ProtocolError } from "../base/errors.ts";
import { formatIp, normaliseIp, parseIp } from "../base/network.ts";

/** A header that a proxy puts in front of what its client says. */
export interface ProxyHeader {
  /** Bytes of the header; what the client says begins behind it. */
  readonly length: number;
  /** The client; undefined where the header names none (a health check of the proxy's own): the connection's peer then. */
  readonly source: HostPort | undefined;
}

/** Version 1, "PROXY TCP6 …" with its line end (PROXY protocol 2.1). */
const MAX_V1_BYTES = 107;
/** Version 2: what may follow its first 16 bytes. The format allows 65535; addresses and extensions need a tenth of this. */
const MAX_V2_BYTES = 16 * 1024;
/** go-oryx's own header: 0xf3, a length, and in that an IPv4 address. */
const ORYX_MARK = 0xf3;
const MAX_ORYX_BYTES = 1024;

const V1_START = ascii("PROXY ");
const V2_SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

/**
 * Reads the header at the start of what a connection has sent so far: PROXY protocol version 1 or 2
 * (haproxy.org/download/3.0/doc/proxy-protocol.txt), or go-oryx's. Undefined: it is not complete yet. Throws ProtocolError
 * when it is none, as soon as that can be seen.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length === 0) return undefined;
  if (startsLike(bytes, V1_START)) return bytes.length < V1_START.length ? undefined : readV1(bytes);
  if (startsLike(bytes, V2_SIGNATURE)) return bytes.length < V2_SIGNATURE.length + 4 ? undefined : readV2(bytes);
  if (bytes[0] === ORYX_MARK) return readOryx(bytes);
  throw new ProtocolError("no PROXY protocol header");
}

/** Whether `bytes` begins with `start`, or is the beginning of it. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  const count = Math.min(bytes.length, start.length);
  for (let i = 0; i < count; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/** `PROXY TCP4 source destination sourcePort destinationPort\r\n`, or `PROXY UNKNOWN` and anything (2.1). */
function readV1(bytes: Uint8Array): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf(0x0a);
  if (end < 0) {
    if (bytes.length < MAX_V1_BYTES) return undefined;
    throw malformed("its line does not end");
  }
  if (bytes[end - 1] !== 0x0d) throw malformed("its line does not end with CR LF");
  const line = new TextDecoder("latin1").decode(bytes.subarray(V1_START.length, end - 1));
  const length = end + 1;
  if (/^UNKNOWN(?: |$)/.test(line)) return { length, source: undefined };
  const [family, source = "", destination = "", ...ports] = line.split(" ");
  if (family !== "TCP4" && family !== "TCP6") throw malformed(`protocol ${JSON.stringify(family)}`);
  const [sourcePort, destinationPort, ...more] = ports.map(readPort);
  if (sourcePort === undefined || destinationPort === undefined || more.length > 0) throw malformed("fields");
  readHost(family, destination);
  return { length, source: { host: readHost(family, source), port: sourcePort } };
}

function readPort(text: string): number {
  const port = /^(?:0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw malformed("port");
  return port;
}

function readHost(family: "TCP4" | "TCP6", text: string): string {
  const fits = family === "TCP4" ? /^[0-9.]{7,15}$/ : /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
  const address = fits.test(text) ? parseIp(text) : undefined;
  if (address === undefined) throw malformed("address");
  return formatIp(address);
}

/** Signature, version and command, family and protocol, length, addresses, extensions (2.2). */
function readV2(bytes: Uint8Array): ProxyHeader | undefined {
  const [command = 0, family = 0, high = 0, low = 0] = bytes.subarray(V2_SIGNATURE.length);
  const size = (high << 8) | low;
  const start = V2_SIGNATURE.length + 4;
  if (command >> 4 !== 2) throw malformed(`version ${command >> 4}`);
  if ((command & 15) > 1) throw malformed(`command ${command & 15}`);
  if (family >> 4 > 3 || (family & 15) > 2) throw malformed(`family 0x${family.toString(16).padStart(2, "0")}`);
  if (size > MAX_V2_BYTES) throw malformed(`${size} bytes`);
  const addressBytes = [0, 4, 16, 108][family >> 4] ?? 0;
  const local = (command & 15) === 0;
  const sized = 2 * addressBytes + (addressBytes === 4 || addressBytes === 16 ? 4 : 0);
  if (!local && size < sized) throw malformed("too short for its addresses");
  const length = start + size;
  if (bytes.length < length) return undefined;
  // Connections over a Unix socket or another protocol than TCP have no address to report.
  if (local || (family !== 0x11 && family !== 0x21)) return { length, source: undefined };
  const host = bytes.subarray(start, start + addressBytes);
  const port = start + 2 * addressBytes;
  const source = { host: hostOf(host), port: ((bytes[port] ?? 0) << 8) | (bytes[port + 1] ?? 0) };
  return { length, source };
}

/** 0xf3, a length of 16 bits, then this many bytes; the first four are the client's address. */
function readOryx(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length < 3) return undefined;
  const size = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
  if (size < 4 || size > MAX_ORYX_BYTES) throw malformed(`${size} bytes`);
  const length = 3 + size;
  return bytes.length < length ? undefined : { length, source: { host: hostOf(bytes.subarray(3, 7)), port: 0 } };
}

/** An IPv4 address that stands in an IPv6 one as that. */
function hostOf(address: Uint8Array): string {
  return normaliseIp(formatIp([...address]));
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(`malformed PROXY protocol header: ${what}`);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
