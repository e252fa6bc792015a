import { expect } from "bun:test";
import { FrameReader } from "../../src/media/frame.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { concat, toHex } from "./bytes.ts";
import { nalUnits, type TransportStream } from "./ts-demuxer.ts";

const VIDEO = 0x100;
const AUDIO = 0x101;
const ZERO = 126_000;
const AUD = 9;

/** A frame: its times in 90 kHz, and its bytes without what a transport stream adds. */
export interface SentFrame {
  readonly pts: number;
  readonly dts: number;
  readonly hex: string;
}

const ticks = (ms: number): number => (((ms * 90 + ZERO) % 2 ** 33) + 2 ** 33) % 2 ** 33;

/** The H.264 frames of packets as they have to come out. */
export function videoOf(packets: readonly Packet[], origin: number): SentFrame[] {
  const reader = new FrameReader();
  return packets.flatMap(({ kind, time, payload }) => {
    if (kind !== PacketKind.Video) return [];
    reader.read(kind, payload);
    const units: Uint8Array[] = [];
    for (let at = reader.start; at < reader.end; ) {
      const length = new DataView(payload.buffer, payload.byteOffset + at).getUint32(0);
      units.push(payload.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    const dts = ticks(time - origin);
    return [{ pts: ticks(time - origin + reader.composition), dts, hex: hexOf(units) }];
  });
}

/** The H.264 frames of a transport stream, without delimiters and parameter sets. */
export function videoIn(stream: TransportStream): SentFrame[] {
  return stream.pes
    .filter(({ pid }) => pid === VIDEO)
    .map(({ pts, dts, data }) => ({ pts, dts, hex: hexOf(nalUnits(data)) }));
}

function hexOf(units: readonly Uint8Array[]): string {
  return toHex(concat(units.filter(([type = 0]) => ![7, 8, AUD].includes(type & 31))));
}

/** The AAC frames of packets, with the time of each. */
export function audioOf(packets: readonly Packet[], origin: number): SentFrame[] {
  return packets
    .filter(({ kind }) => kind === PacketKind.Audio)
    .map(({ time, payload }) => ({
      pts: ticks(time - origin),
      dts: ticks(time - origin),
      hex: toHex(payload.subarray(2)),
    }));
}

/** The AAC frames of a transport stream without their ADTS headers; those that share a PES packet follow its time. */
export function audioIn(stream: TransportStream, frameMs = 1024 / 44.1): SentFrame[] {
  return stream.pes
    .filter(({ pid }) => pid === AUDIO)
    .flatMap(({ pts, data }) => {
      const frames: SentFrame[] = [];
      for (let at = 0; at < data.length; ) {
        const [a = 0, b = 0, c = 0] = data.subarray(at + 3);
        const length = ((a & 3) << 11) | (b << 3) | (c >> 5);
        if (data[at] !== 0xff || length < 7) throw new Error("no ADTS header");
        const time = pts + Math.round(frames.length * frameMs * 90);
        frames.push({ pts: time, dts: time, hex: toHex(data.subarray(at + 7, at + length)) });
        at += length;
      }
      return frames;
    });
}

/** That audio is the same, with times that differ by no more than so many ms. */
export function expectAudio(found: readonly SentFrame[], sent: readonly SentFrame[], driftMs: number): void {
  expect(found.map(({ hex }) => hex)).toEqual(sent.map(({ hex }) => hex));
  for (const [i, { pts }] of found.entries())
    expect(Math.abs(pts - (sent[i]?.pts ?? 0))).toBeLessThanOrEqual(driftMs * 90 + 1);
}

/** The longest time from one clock reference to the next, ms. Throws when one is not later than the one before, or of another PID. */
export function longestClockGap({ clocks }: TransportStream, pid: number): number {
  let longest = 0;
  for (const [i, clock] of clocks.entries()) {
    if (clock.pid !== pid) throw new Error(`a clock in PID ${clock.pid}`);
    const before = clocks[i - 1];
    if (before === undefined) continue;
    if (clock.base < before.base) throw new Error(`the clock runs back from ${before.base} to ${clock.base}`);
    longest = Math.max(longest, (clock.base - before.base) / 90);
  }
  return longest;
}
