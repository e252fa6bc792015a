// Hot: runs for each packet of 188 bytes of each player.
import { ProtocolError } from "../../base/errors.ts";
import { copyBytes } from "../../base/memory.ts";

/*
 * ISO 13818-1, 2.4.3.2:
 *
 *    0  47 error:1 start:1 priority:1 pid:13 scrambled:2 adaptation:1 payload:1 counter:4
 *    4  adaptation field: length:8 discontinuity:1 …     payload
 */

/** Bytes of a transport stream's packet. */
export const PACKET_BYTES = 188;
const SYNC = 0x47;
const PAT_PID = 0;
const NULL_PID = 0x1fff;
/** Longer frames are refused. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const FIRST_FRAME_BYTES = 4096;
/** Ticks (90 kHz) after which a clock of 33 bits wraps. */
const WRAP = 2 ** 33;

/** Types of elementary streams whose frames are read (ISO 13818-1, table 2-34). */
export const StreamType = { Mp3: 3, Aac: 15, H264: 27, Hevc: 36 } as const;

/** Receives what a reader finds in a transport stream. */
export interface TsEvents {
  /** A PES packet's content, lent for the call, and its decoding time in units of 1/90000 s, unwrapped. */
  frame(streamType: number, dts: number, bytes: Uint8Array, arrivedMs: number): void;
  /** A continuity counter does not follow the one before: packets are missing or repeated. */
  broken(): void;
}

/** One PID that carries an elementary stream. */
class Track {
  readonly streamType: number;
  buffer = new Uint8Array(FIRST_FRAME_BYTES);
  length = 0;
  /** Content bytes of the PES packet; -1 when its length is unknown. */
  size = -1;
  /** -1: there is no incomplete PES packet. */
  dts = -1;
  lastDts = -1;
  /** When the newest packet arrived; monotonic ms. */
  arrivedMs = 0;

  constructor(streamType: number) {
    this.streamType = streamType;
  }
}

/** Reads a transport stream that comes in pieces of any size: its program, its continuity, and the content of PES packets. */
export class TsReader {
  readonly #events: TsEvents;
  readonly #partial = new Uint8Array(PACKET_BYTES);
  #partialBytes = 0;
  #programPid = -1;
  readonly #tracks = new Map<number, Track>();
  /** By PID: the newest continuity counter. */
  readonly counters = new Map<number, number>();
  /** By PID: the first continuity counter. */
  readonly firstCounters = new Map<number, number>();

  constructor(events: TsEvents) {
    this.#events = events;
  }

  /** Processes the next bytes, received at `arrivedMs`. Throws ProtocolError when they are not a transport stream. */
  push(bytes: Uint8Array, arrivedMs: number): void {
    let at = 0;
    if (this.#partialBytes > 0) {
      at = Math.min(bytes.length, PACKET_BYTES - this.#partialBytes);
      copyBytes(this.#partial, this.#partialBytes, bytes, 0, at);
      this.#partialBytes += at;
      if (this.#partialBytes < PACKET_BYTES) return;
      this.#partialBytes = 0;
      this.#packet(this.#partial, 0, arrivedMs);
    }
    for (; at + PACKET_BYTES <= bytes.length; at += PACKET_BYTES) this.#packet(bytes, at, arrivedMs);
    this.#partialBytes = bytes.length - at;
    copyBytes(this.#partial, 0, bytes, at, bytes.length);
  }

  /** The stream ends: hands over incomplete PES packets. */
  end(): void {
    for (const track of this.#tracks.values()) this.#finish(track);
  }

  #packet(bytes: Uint8Array, at: number, arrivedMs: number): void {
    if (bytes[at] !== SYNC) throw new ProtocolError("a packet of the transport stream does not begin with 47");
    const second = bytes[at + 1] ?? 0;
    const fourth = bytes[at + 3] ?? 0;
    const pid = ((second & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    if (pid === NULL_PID) return;
    const hasPayload = (fourth & 0x10) !== 0;
    let payload = at + 4;
    let announced = false;
    if ((fourth & 0x20) !== 0) {
      const length = bytes[payload] ?? 0;
      announced = length > 0 && ((bytes[payload + 1] ?? 0) & 0x80) !== 0;
      payload += 1 + length;
    }
    this.#count(pid, fourth & 0x0f, hasPayload, announced);
    const end = at + PACKET_BYTES;
    if (!hasPayload || payload >= end) return;
    const starts = (second & 0x40) !== 0;
    const track = this.#tracks.get(pid);
    if (track !== undefined) this.#media(track, bytes, payload, end, starts, arrivedMs);
    else if (starts && pid === PAT_PID) this.#readPat(bytes, payload + 1 + (bytes[payload] ?? 0), end);
    else if (starts && pid === this.#programPid) this.#readPmt(bytes, payload + 1 + (bytes[payload] ?? 0), end);
  }

  /** Counters of packets with a payload go up by 1, those of packets without stay (2.4.3.3). */
  #count(pid: number, counter: number, hasPayload: boolean, announced: boolean): void {
    const before = this.counters.get(pid);
    if (before === undefined) this.firstCounters.set(pid, counter);
    else if (!announced && counter !== (hasPayload ? (before + 1) & 0x0f : before)) this.#events.broken();
    this.counters.set(pid, counter);
  }

  /** The program association table (2.4.4.3): the first program's PID. */
  #readPat(bytes: Uint8Array, at: number, end: number): void {
    for (let entry = at + 8; entry + 4 <= Math.min(end, sectionEnd(bytes, at)); entry += 4) {
      const program = u16(bytes, entry);
      if (program === 0) continue;
      this.#programPid = u16(bytes, entry + 2) & 0x1fff;
      return;
    }
  }

  /** The program map table (2.4.4.8): the type of each elementary stream. */
  #readPmt(bytes: Uint8Array, at: number, end: number): void {
    const until = Math.min(end, sectionEnd(bytes, at));
    let entry = at + 12 + (u16(bytes, at + 10) & 0x0fff);
    while (entry + 5 <= until) {
      const streamType = bytes[entry] ?? 0;
      const pid = u16(bytes, entry + 1) & 0x1fff;
      if (this.#tracks.get(pid)?.streamType !== streamType) this.#tracks.set(pid, new Track(streamType));
      entry += 5 + (u16(bytes, entry + 3) & 0x0fff);
    }
  }

  #media(track: Track, bytes: Uint8Array, from: number, end: number, starts: boolean, arrivedMs: number): void {
    let at = from;
    if (starts) {
      this.#finish(track);
      at = begin(track, bytes, at, end);
    }
    if (track.dts < 0) return;
    track.arrivedMs = arrivedMs;
    const length = track.length + end - at;
    if (length > MAX_FRAME_BYTES) throw new ProtocolError("a frame of the transport stream is too long");
    if (length > track.buffer.length) {
      const larger = new Uint8Array(length * 2);
      copyBytes(larger, 0, track.buffer, 0, track.length);
      track.buffer = larger;
    }
    copyBytes(track.buffer, track.length, bytes, at, end);
    track.length = length;
    if (track.size >= 0 && length >= track.size) this.#finish(track);
  }

  #finish(track: Track): void {
    const { dts, length, size } = track;
    track.dts = -1;
    if (dts < 0 || length === 0) return;
    const whole = track.buffer.subarray(0, size >= 0 ? Math.min(size, length) : length);
    this.#events.frame(track.streamType, dts, whole, track.arrivedMs);
  }
}

/** Reads a PES packet's header (2.4.3.6); returns where its content begins. */
function begin(track: Track, bytes: Uint8Array, at: number, end: number): number {
  const isPes = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
  const flags = (bytes[at + 7] ?? 0) >> 6;
  const headerBytes = bytes[at + 8] ?? 0;
  const content = at + 9 + headerBytes;
  if (!isPes || flags < 2 || content > end) return end;
  const written = timestamp(bytes, flags === 3 ? at + 14 : at + 9);
  track.dts = track.lastDts < 0 ? written : unwrapped(written, track.lastDts);
  track.lastDts = track.dts;
  track.length = 0;
  const size = u16(bytes, at + 4);
  track.size = size === 0 ? -1 : size - 3 - headerBytes;
  return content;
}

/** The distance from `from` to `to` on a clock of 33 bits that wraps: less than half of its range, in either direction. */
export function clockDistance(from: number, to: number): number {
  const distance = (((to - from) % WRAP) + WRAP) % WRAP;
  return distance < WRAP / 2 ? distance : distance - WRAP;
}

function unwrapped(written: number, before: number): number {
  return Math.max(0, before + clockDistance(before % WRAP, written));
}

/** 33 bits in 5 bytes with markers between them. */
function timestamp(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) >> 1) & 7;
  return high * 2 ** 30 + ((u16(bytes, at + 1) >> 1) << 15) + (u16(bytes, at + 3) >> 1);
}

/** Where a section's entries end, before its CRC. */
function sectionEnd(bytes: Uint8Array, at: number): number {
  return at + 3 + (u16(bytes, at + 1) & 0x0fff) - 4;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
