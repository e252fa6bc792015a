import { byteAt } from "./enhanced.ts";

/** The contents of an MP3 frame's header. */
export interface Mp3Header {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples of each channel in a frame. */
  readonly samples: number;
}

const Version = { Mpeg25: 0, Reserved: 1, Mpeg2: 2, Mpeg1: 3 } as const;
const LAYER_3 = 1;
const MONO = 3;
/** Sample rates of MPEG-1, Hz; MPEG-2 has halves of them and MPEG-2.5 quarters. */
const sampleRates: readonly number[] = [44100, 48000, 32000];

/** Reads a frame header (ISO 11172-3, 2.4.1.3, ISO 13818-3); undefined if it is not of layer III. */
export function readMp3Header(frame: Uint8Array): Mp3Header | undefined {
  const second = byteAt(frame, 1);
  const version = (second >> 3) & 3;
  const rate = sampleRates[(byteAt(frame, 2) >> 2) & 3];
  const isSync = frame[0] === 0xff && second >= 0xe0;
  if (!isSync || version === Version.Reserved || ((second >> 1) & 3) !== LAYER_3 || rate === undefined)
    return undefined;
  const divisor = version === Version.Mpeg1 ? 1 : version === Version.Mpeg2 ? 2 : 4;
  return {
    sampleRate: rate / divisor,
    channels: byteAt(frame, 3) >> 6 === MONO ? 1 : 2,
    samples: version === Version.Mpeg1 ? 1152 : 576,
  };
}
