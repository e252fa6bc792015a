import { BitReader } from "../bytes/bits.ts";

/** Bytes of an ADTS header without a checksum. */
export const ADTS_HEADER_BYTES = 7;
/** The largest frame that an ADTS header, whose frame length has 13 bits, can announce. */
export const MAX_ADTS_FRAME = 0x1fff - ADTS_HEADER_BYTES;

/** Audio object types (ISO 14496-3, table 1.17) that matter here. */
const ObjectType = { Main: 1, Lc: 2, Ltp: 4, Sbr: 5, ErBsac: 22, Ps: 29, Escape: 31, Usac: 42 } as const;
/** The sample rate itself follows. */
const EXPLICIT_RATE = 15;
/** ISO 14496-3, table 1.18, by sampling frequency index. */
const sampleRates: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
/** ADTS has three bits for the channel configuration; 0 means a layout that the frames describe. */
const MAX_ADTS_CHANNELS = 7;

/** An AAC stream as its AudioSpecificConfig (ISO 14496-3, 1.6.2.1) describes it. */
export interface AudioSpecificConfig {
  /** Object type of the core, without SBR and PS. */
  readonly objectType: number;
  /** Sample rate of the core, Hz: HE-AAC plays at `extensionRate`. */
  readonly sampleRate: number;
  /** 0: the configuration lists the channels itself (program_config_element); 1 to 7 as in table 1.19. */
  readonly channelConfiguration: number;
  /** Explicitly signalled HE-AAC, or HE-AAC v2 with `ps`. */
  readonly sbr: boolean;
  readonly ps: boolean;
  /** Hz, what SBR plays at; `sampleRate` without it. */
  readonly extensionRate: number;
  /** Samples of the core in a frame. */
  readonly frameSamples: 1024 | 960;
}

/** Reads an AudioSpecificConfig, of which only the head matters; undefined when it is cut off or has reserved values. */
export function readAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig | undefined {
  const bits = new BitReader(bytes);
  let objectType = readObjectType(bits);
  const sampleRate = readSampleRate(bits);
  const channelConfiguration = bits.read(4);
  const ps = objectType === ObjectType.Ps;
  const sbr = ps || objectType === ObjectType.Sbr;
  let extensionRate = sampleRate;
  if (sbr) {
    extensionRate = readSampleRate(bits);
    objectType = readObjectType(bits);
    if (objectType === ObjectType.ErBsac) bits.read(4);
  }
  // GASpecificConfig (4.4.1) begins with frameLengthFlag.
  const short = objectType <= ObjectType.Ltp && bits.read(1) === 1;
  if (bits.overrun || objectType === 0 || sampleRate === 0 || extensionRate === 0) return undefined;
  return {
    objectType,
    sampleRate,
    channelConfiguration,
    sbr,
    ps,
    extensionRate,
    frameSamples: short ? 960 : 1024,
  };
}

/** Why ADTS can't carry a stream, in words; undefined when it can. Its headers describe the core of HE-AAC, and decoders find the rest. */
export function adtsRefusal(config: AudioSpecificConfig): string | undefined {
  const { objectType, sampleRate, channelConfiguration } = config;
  if (objectType === ObjectType.Usac) return "xHE-AAC cannot be sent as ADTS";
  if (objectType < ObjectType.Main || objectType > ObjectType.Ltp)
    return `AAC with audio object type ${objectType} cannot be sent as ADTS`;
  if (!sampleRates.includes(sampleRate)) return `AAC with ${sampleRate} Hz cannot be sent as ADTS`;
  if (channelConfiguration === 0) return "AAC with a channel layout of its own cannot be sent as ADTS";
  if (channelConfiguration > MAX_ADTS_CHANNELS)
    return `AAC with channel configuration ${channelConfiguration} cannot be sent as ADTS`;
  if (config.frameSamples === 960) return "AAC with 960 samples in a frame cannot be sent as ADTS";
  return undefined;
}

/**
 * The first 28 bits of each ADTS header of a stream, as the high bits of 32 (ISO 14496-3, 1.A.2.2.1: adts_fixed_header, MPEG-4, no
 * checksum). The configuration is one that `adtsRefusal` lets pass.
 */
export function adtsFixedHeader(config: AudioSpecificConfig): number {
  const sync = 0xfff1;
  const profile = config.objectType - 1;
  const rate = sampleRates.indexOf(config.sampleRate);
  return ((sync << 16) | (profile << 14) | (rate << 10) | (config.channelConfiguration << 6)) >>> 0;
}

/**
 * Writes the header of a frame with `length` bytes, at most `MAX_ADTS_FRAME`, and returns where it ends. `fixed` is from
 * `adtsFixedHeader`. The buffer fullness is that of a variable bit rate (ISO 14496-3, 1.A.2.2.2).
 */
export function writeAdtsHeader(out: Uint8Array, at: number, fixed: number, length: number): number {
  const whole = length + ADTS_HEADER_BYTES;
  out[at] = fixed >>> 24;
  out[at + 1] = fixed >>> 16;
  out[at + 2] = fixed >>> 8;
  out[at + 3] = fixed | (whole >>> 11);
  out[at + 4] = whole >>> 3;
  out[at + 5] = (whole << 5) | 0x1f;
  out[at + 6] = 0xfc;
  return at + ADTS_HEADER_BYTES;
}

/** Audio object type (ISO 14496-3, GetAudioObjectType). */
function readObjectType(bits: BitReader): number {
  const type = bits.read(5);
  return type === ObjectType.Escape ? 32 + bits.read(6) : type;
}

/** Hz; 0 for a reserved index. */
function readSampleRate(bits: BitReader): number {
  const index = bits.read(4);
  return index === EXPLICIT_RATE ? bits.read(24) : (sampleRates[index] ?? 0);
}
