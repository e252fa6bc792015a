import { BitReader } from "../bytes/bits.ts";
import { byteAt } from "./enhanced.ts";

/** The configuration of an AC-3 or E-AC-3 stream, from its frames (ETSI TS 102 366). */
export interface Ac3Info {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples of each channel in a packet. */
  readonly samples: number;
  /** The content of a dac3 or dec3 box (annex F.4 and F.6). */
  readonly box: Uint8Array;
}

const SYNC = 0x0b77;
const sampleRates: readonly number[] = [48000, 44100, 32000];
/** Number of channels by acmod, without the low-frequency one (4.4.2.3). */
const channelCounts: readonly number[] = [2, 1, 2, 3, 3, 4, 4, 5];
const BLOCK_SAMPLES = 256;
const BLOCKS = 6;
const MAX_FRMSIZECOD = 37;
const StreamType = { Independent: 0, Dependent: 1, Converted: 2 } as const;
/** A packet has at most eight independent substreams with eight dependent ones each. */
const MAX_FRAMES = 72;

/** Reads a frame of AC-3 (4.3 and 4.4, AC3SpecificBox in F.4); undefined for other bytes. */
export function readAc3(frame: Uint8Array): Ac3Info | undefined {
  const bits = new BitReader(frame);
  if (bits.read(16) !== SYNC) return undefined;
  bits.skip(16);
  const fscod = bits.read(2);
  const frmsizecod = bits.read(6);
  const bsid = bits.read(5);
  const bsmod = bits.read(3);
  const acmod = bits.read(3);
  // cmixlev, surmixlev and dsurmod.
  if ((acmod & 1) !== 0 && acmod !== 1) bits.skip(2);
  if ((acmod & 4) !== 0) bits.skip(2);
  if (acmod === 2) bits.skip(2);
  const lfeon = bits.read(1);
  const sampleRate = sampleRates[fscod];
  if (bits.overrun || sampleRate === undefined || bsid > 8 || frmsizecod > MAX_FRMSIZECOD) return undefined;
  const fields =
    (fscod << 22) | (bsid << 17) | (bsmod << 14) | (acmod << 11) | (lfeon << 10) | ((frmsizecod >> 1) << 5);
  return {
    sampleRate,
    channels: (channelCounts[acmod] ?? 2) + lfeon,
    samples: BLOCKS * BLOCK_SAMPLES,
    box: Uint8Array.of(fields >>> 16, fields >>> 8, fields),
  };
}

/** One synchronisation frame of E-AC-3 (annex E.1.2 and E.1.3). */
interface SyncFrame {
  readonly type: number;
  readonly substream: number;
  readonly bytes: number;
  readonly fscod: number;
  readonly sampleRate: number;
  readonly blocks: number;
  readonly acmod: number;
  readonly lfeon: number;
  readonly bsid: number;
  /** chan_loc of a dependent substream's channels; 0 where the substream does not say. */
  readonly location: number;
}

/**
 * Reads a packet of E-AC-3: the first independent substream and those that depend on it (EC3SpecificBox in F.6). Undefined when it begins
 * with something else.
 */
export function readEac3(packet: Uint8Array): Ac3Info | undefined {
  const first = readSyncFrame(packet, 0);
  if (first === undefined || first.type === StreamType.Dependent) return undefined;
  let blocks = 0;
  let bytes = 0;
  let dependent = 0;
  let location = 0;
  let count = 0;
  for (let at = 0; count < MAX_FRAMES; count++) {
    const frame = readSyncFrame(packet, at);
    if (frame === undefined) break;
    at += frame.bytes;
    bytes += frame.bytes;
    if (frame.type !== StreamType.Dependent && frame.substream === first.substream) blocks += frame.blocks;
    else if (frame.type === StreamType.Dependent && blocks === first.blocks) {
      dependent++;
      location |= frame.location;
    }
  }
  const { fscod, sampleRate, acmod, lfeon, bsid } = first;
  const samples = blocks * BLOCK_SAMPLES;
  const dataRate = Math.min(0x1fff, Math.round((bytes * 8 * sampleRate) / samples / 1000));
  const has = Math.min(dependent, 15);
  // data_rate:13 num_ind_sub:3, fscod:2 bsid:5 reserved:1, asvc:1 bsmod:3 acmod:3 lfeon:1, reserved:3 num_dep_sub:4 chan_loc:1, chan_loc:8
  const box = [
    dataRate >>> 5,
    (dataRate << 3) & 0xff,
    (fscod << 6) | (bsid << 1),
    (acmod << 1) | lfeon,
    (has << 1) | (has > 0 ? location >>> 8 : 0),
  ];
  if (has > 0) box.push(location & 0xff);
  return { sampleRate, channels: (channelCounts[acmod] ?? 2) + lfeon, samples, box: Uint8Array.from(box) };
}

function readSyncFrame(packet: Uint8Array, at: number): SyncFrame | undefined {
  if (((byteAt(packet, at) << 8) | byteAt(packet, at + 1)) !== SYNC) return undefined;
  const bits = new BitReader(packet.subarray(at + 2, at + 20));
  const type = bits.read(2);
  const substream = bits.read(3);
  const bytes = (bits.read(11) + 1) * 2;
  const fscod = bits.read(2);
  const code = bits.read(2);
  const blocks = fscod === 3 ? BLOCKS : (([1, 2, 3, BLOCKS] as const)[code] ?? BLOCKS);
  const rate = fscod === 3 ? (sampleRates[code] ?? 0) / 2 : (sampleRates[fscod] ?? 0);
  const acmod = bits.read(3);
  const lfeon = bits.read(1);
  const bsid = bits.read(5);
  // dialnorm and compr, twice for two mono channels.
  for (let i = acmod === 0 ? 2 : 1; i > 0; i--) {
    bits.skip(5);
    if (bits.flag()) bits.skip(8);
  }
  const location = type === StreamType.Dependent && bits.flag() ? locationOf(bits.read(16)) : 0;
  if (bits.overrun || rate === 0 || bsid < 11 || bsid > 16 || type > StreamType.Converted) return undefined;
  return { type, substream, bytes, fscod, sampleRate: rate, blocks, acmod, lfeon, bsid, location };
}

/** chan_loc (F.6.2.13) by chanmap (E.1.3.1.8), whose bits are numbered from the high one on: 5 to 12 are its bits 0 to 7, 14 is bit 8. */
function locationOf(chanmap: number): number {
  let location = 0;
  for (let bit = 0; bit < 8; bit++) location |= ((chanmap >> (10 - bit)) & 1) << bit;
  return location | (((chanmap >> 1) & 1) << 8);
}
