// Hot: used for every chunk that arrives or leaves. No closures, views or strings.

/** A timestamp field with this value says that the extended timestamp follows (RTMP 1.0, 5.3.1.3). */
export const EXTENDED = 0xffffff;

/** Longest chunk header: 3 bytes basic, 11 bytes message header, 4 bytes extended timestamp. */
export const MAX_HEADER_BYTES = 18;

/** Bytes of the message header by chunk type (RTMP 1.0, 5.3.1.2). */
export function messageHeaderBytes(format: number): number {
  return format === 3 ? 0 : format === 2 ? 3 : format === 1 ? 7 : 11;
}

// The callers below have checked the bounds; `as number` is for the compiler only.

/** The byte at an index that is known to be inside. */
export function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** Big endian, 24 bits. */
export function u24(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 16) | (u8(bytes, at + 1) << 8) | u8(bytes, at + 2);
}

/** Big endian, 32 bits, unsigned. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((u8(bytes, at) << 24) | u24(bytes, at + 1)) >>> 0;
}

/** Little endian, 32 bits, unsigned: only the message stream id is written so. */
export function u32le(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) | (u8(bytes, at + 1) << 8) | (u8(bytes, at + 2) << 16) | (u8(bytes, at + 3) << 24)) >>> 0;
}

/** How many of the next bytes, 4 at most, equal the start of the big-endian `value`; -1 once one differs. Less than 4: undecided. */
export function agreement(bytes: Uint8Array, at: number, end: number, value: number): number {
  const count = Math.min(end - at, 4);
  for (let i = 0; i < count; i++) {
    if (u8(bytes, at + i) !== ((value >>> (24 - 8 * i)) & 0xff)) return -1;
  }
  return count;
}
