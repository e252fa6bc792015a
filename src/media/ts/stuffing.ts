import { TS_PACKET_BYTES } from "./packets.ts";

const UNIT_START = 0x40;
const HAS_FIELD = 0x20;
const HAS_PAYLOAD = 0x10;
/** Bytes of a PES header before its optional fields; the last one is the length of those (ISO 13818-1, 2.4.3.6). */
const PES_FIXED_BYTES = 9;

/**
 * Adds `more` packets (at most 15) to a PID's in the first `length` bytes of `out`, which must have room. Packets without payload
 * would not count (2.4.3.3), so one packet is divided: the last that has a byte of payload for each new one, if possible without
 * dividing its PES header. The counters of later packets go up. Returns the new length, or `length` when no packet of the
 * PID is long enough.
 */
export function addPackets(out: Uint8Array, length: number, pid: number, more: number): number {
  let at = findDivisible(out, length, pid, more, true);
  if (at < 0) at = findDivisible(out, length, pid, more, false);
  if (at < 0 || more === 0) return length;
  const end = at + TS_PACKET_BYTES;
  const moved = end + more * TS_PACKET_BYTES;
  const last = out.slice(end - more, end);
  out.copyWithin(moved, end, length);
  const payload = payloadAt(out, at);
  out.copyWithin(payload + more, payload, end - more);
  widenField(out, at, more);
  const counter = out[at + 3] ?? 0;
  for (let i = 0; i < more; i++) {
    const to = end + i * TS_PACKET_BYTES;
    out.fill(0xff, to, to + TS_PACKET_BYTES);
    out[to] = out[at] ?? 0;
    out[to + 1] = (out[at + 1] ?? 0) & ~UNIT_START;
    out[to + 2] = out[at + 2] ?? 0;
    out[to + 3] = HAS_FIELD | HAS_PAYLOAD | ((counter + 1 + i) & 15);
    // All but the header, this byte and one of payload.
    out[to + 4] = TS_PACKET_BYTES - 6;
    out[to + 5] = 0;
    out[to + TS_PACKET_BYTES - 1] = last[i] ?? 0;
  }
  const newLength = length + more * TS_PACKET_BYTES;
  for (let to = moved; to < newLength; to += TS_PACKET_BYTES) {
    if (pidAt(out, to) !== pid) continue;
    const byte = out[to + 3] ?? 0;
    out[to + 3] = (byte & 0xf0) | ((byte + more) & 15);
  }
  return newLength;
}

function findDivisible(out: Uint8Array, length: number, pid: number, more: number, whole: boolean): number {
  for (let at = length - TS_PACKET_BYTES; at >= 0; at -= TS_PACKET_BYTES) {
    if (pidAt(out, at) !== pid || ((out[at + 3] ?? 0) & HAS_PAYLOAD) === 0) continue;
    const payload = payloadAt(out, at);
    const starts = ((out[at + 1] ?? 0) & UNIT_START) !== 0;
    const header = starts && whole ? PES_FIXED_BYTES + (out[payload + PES_FIXED_BYTES - 1] ?? 0) : 1;
    if (at + TS_PACKET_BYTES - payload - header >= more) return at;
  }
  return -1;
}

function pidAt(out: Uint8Array, at: number): number {
  return (((out[at + 1] ?? 0) & 0x1f) << 8) | (out[at + 2] ?? 0);
}

function payloadAt(out: Uint8Array, at: number): number {
  return ((out[at + 3] ?? 0) & HAS_FIELD) === 0 ? at + 4 : at + 5 + (out[at + 4] ?? 0);
}

/** Lengthens a packet's adaptation field with stuffing; the payload has made room. */
function widenField(out: Uint8Array, at: number, more: number): void {
  const has = ((out[at + 3] ?? 0) & HAS_FIELD) !== 0;
  const old = has ? (out[at + 4] ?? 0) : -1;
  out[at + 3] = (out[at + 3] ?? 0) | HAS_FIELD;
  out[at + 4] = old + more;
  if (old + more === 0) return;
  if (old <= 0) out[at + 5] = 0;
  out.fill(0xff, at + 5 + Math.max(old, 1), at + 5 + old + more);
}
