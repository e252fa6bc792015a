// Hot: one header for each frame.

/** stream_id (ISO 13818-1, table 2-22): the first video and the first audio stream. */
export const StreamId = { Video: 0xe0, Audio: 0xc0 } as const;

/** Bytes of a PES header with a PTS, and with a DTS as well. */
export const PES_PTS_BYTES = 14;
/** See `PES_PTS_BYTES`. */
export const PES_DTS_BYTES = 19;
/** The greatest PES_packet_length; a longer packet has none, which is allowed for video only (2.4.3.7). */
export const MAX_PES_LENGTH = 0xffff;
/** Bytes of a header that PES_packet_length does not count. */
const UNCOUNTED_BYTES = 6;

/** PTS, DTS and PCR count 90,000 in a second, in 33 bits (2.4.2.2, 2.4.3.7). */
const TICKS_PER_MS = 90;
const TICKS = 2 ** 33;
/** The ticks of time 0 (1.4 s): earlier clocks and negative composition times stay above 0. */
const TIME_ZERO = 126_000;
/** How long a frame arrives before its DTS by the clock, ticks (0.7 s). */
const CLOCK_LEAD = 63_000;

/** The PTS or DTS of a time in ms after the origin. */
export function ticksOf(ms: number): number {
  return wrapped(Math.round(ms * TICKS_PER_MS) + TIME_ZERO);
}

/** The PCR (its base at 90 kHz) for a DTS in ms. */
export function clockOf(ms: number): number {
  return wrapped(Math.round(ms * TICKS_PER_MS) + TIME_ZERO - CLOCK_LEAD);
}

function wrapped(ticks: number): number {
  const rest = ticks % TICKS;
  return rest < 0 ? rest + TICKS : rest;
}

/** Size of the PES header for these times, bytes. */
export function pesHeaderBytes(pts: number, dts: number): number {
  return pts === dts ? PES_PTS_BYTES : PES_DTS_BYTES;
}

/**
 * Writes the header of a PES packet (2.4.3.6); returns where it ends. `bytes` is the whole packet's size, `pts` and `dts` are
 * ticks; a DTS that equals the PTS is left out.
 */
export function writePesHeader(
  out: Uint8Array,
  at: number,
  streamId: number,
  bytes: number,
  pts: number,
  dts: number,
): number {
  const length = bytes - UNCOUNTED_BYTES > MAX_PES_LENGTH ? 0 : bytes - UNCOUNTED_BYTES;
  const both = pts !== dts;
  out[at] = 0;
  out[at + 1] = 0;
  out[at + 2] = 1;
  out[at + 3] = streamId;
  out[at + 4] = length >> 8;
  out[at + 5] = length;
  // '10', and data_alignment_indicator: a frame begins here.
  out[at + 6] = 0x84;
  out[at + 7] = both ? 0xc0 : 0x80;
  out[at + 8] = both ? 10 : 5;
  writeTimestamp(out, at + 9, both ? 3 : 2, pts);
  if (!both) return at + PES_PTS_BYTES;
  writeTimestamp(out, at + 14, 1, dts);
  return at + PES_DTS_BYTES;
}

/** Writes 33 bits in three parts, with marker bits between. */
function writeTimestamp(out: Uint8Array, at: number, prefix: number, ticks: number): void {
  const high = Math.floor(ticks / 2 ** 30);
  out[at] = (prefix << 4) | (high << 1) | 1;
  out[at + 1] = ticks >> 22;
  out[at + 2] = (ticks >> 14) | 1;
  out[at + 3] = ticks >> 7;
  out[at + 4] = (ticks << 1) | 1;
}
