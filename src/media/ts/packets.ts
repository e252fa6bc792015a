// Hot: every TS packet passes here. No objects, views or closures for each.

/** Bytes of a transport packet (ISO 13818-1, 2.4.3.2), of its header, and of the rest. */
export const TS_PACKET_BYTES = 188;
const HEADER_BYTES = 4;
const ROOM_BYTES = TS_PACKET_BYTES - HEADER_BYTES;
const SYNC = 0x47;
/** Fills the unused rest of an adaptation field (2.4.3.5). */
const STUFFING = 0xff;

/** Flags of an adaptation field (2.4.3.4), in its second byte. */
export const Field = { None: 0, Discontinuity: 0x80, RandomAccess: 0x40, Pcr: 0x10 } as const;

/** Bytes of an adaptation field with a PCR. */
export const PCR_FIELD_BYTES = 8;
const FLAGS_FIELD_BYTES = 2;

/** Number of packets for `bytes` of a PES packet when the first has an adaptation field of `field` bytes. */
export function packetCount(bytes: number, field: number): number {
  return Math.ceil((bytes + field) / ROOM_BYTES);
}

/**
 * Makes `count` transport packets at `at` of a PES packet whose `bytes` are at the end of that room; they move forward.
 * `counter` is the first packet's continuity counter, `flags` are those of its adaptation field, and `pcr` is the clock's base at
 * 90 kHz if `flags` have one. `count` is at least `packetCount` and at most `bytes`; the excess is stuffed.
 */
export function packetise(
  out: Uint8Array,
  at: number,
  count: number,
  bytes: number,
  pid: number,
  counter: number,
  flags: number,
  pcr: number,
): void {
  let from = at + count * TS_PACKET_BYTES - bytes;
  let left = bytes;
  let field = flags === 0 ? 0 : (flags & Field.Pcr) === 0 ? FLAGS_FIELD_BYTES : PCR_FIELD_BYTES;
  for (let i = 0, to = at; i < count; i++, to += TS_PACKET_BYTES) {
    // Each later packet needs a byte: one without payload would not count (2.4.3.3).
    const take = Math.min(ROOM_BYTES - field, left - (count - 1 - i));
    const payload = to + TS_PACKET_BYTES - take;
    out.copyWithin(payload, from, from + take);
    from += take;
    left -= take;
    const length = ROOM_BYTES - take;
    writeHeader(out, to, pid, i === 0, length > 0 ? 3 : 1, counter + i);
    if (length > 0) writeField(out, to + HEADER_BYTES, length, i === 0 ? flags : 0, pcr);
    field = 0;
  }
}

/**
 * Writes a packet with an adaptation field and no payload; returns where it ends. It does not count: `counter` is that of the
 * packet with payload before it (2.4.3.3).
 */
export function writeFieldPacket(
  out: Uint8Array,
  at: number,
  pid: number,
  counter: number,
  flags: number,
  pcr: number,
): number {
  writeHeader(out, at, pid, false, 2, counter);
  writeField(out, at + HEADER_BYTES, ROOM_BYTES, flags, pcr);
  return at + TS_PACKET_BYTES;
}

/** Header of a packet (2.4.3.2); `control` is adaptation_field_control: 1 payload, 2 adaptation field, 3 both. */
export function writeHeader(
  out: Uint8Array,
  at: number,
  pid: number,
  unitStart: boolean,
  control: number,
  counter: number,
): void {
  out[at] = SYNC;
  out[at + 1] = (unitStart ? 0x40 : 0) | (pid >> 8);
  out[at + 2] = pid;
  out[at + 3] = (control << 4) | (counter & 15);
}

/** Writes an adaptation field of `length` bytes, including its length byte. */
function writeField(out: Uint8Array, at: number, length: number, flags: number, pcr: number): void {
  out[at] = length - 1;
  if (length === 1) return;
  out[at + 1] = flags;
  let to = at + FLAGS_FIELD_BYTES;
  if ((flags & Field.Pcr) !== 0) to = writePcr(out, to, pcr);
  out.fill(STUFFING, to, at + length);
}

/** Writes program_clock_reference_base (33 bits) and an extension of 0 (2.4.3.5). Shifts would cut the base to 32 bits. */
function writePcr(out: Uint8Array, at: number, base: number): number {
  out[at] = Math.floor(base / 2 ** 25);
  out[at + 1] = Math.floor(base / 2 ** 17);
  out[at + 2] = Math.floor(base / 2 ** 9);
  out[at + 3] = Math.floor(base / 2);
  out[at + 4] = ((base & 1) << 7) | 0x7e;
  out[at + 5] = 0;
  return at + 6;
}
