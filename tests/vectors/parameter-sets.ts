/** Configuration records that encoders made, with what FFprobe 5.1 says of the stream. */
export interface RecordVector {
  readonly name: string;
  readonly codec: "H.264" | "HEVC";
  readonly hex: string;
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
  readonly reorderDepth: number | undefined;
  readonly frameMs: number | undefined;
  /** VPS, SPS and PPS in Annex B format. */
  readonly sets: string;
}

const sps = {
  high: "67 64000cacd941419f9f011000000300100000030320f1429960",
  baseline: "67 42c00dd901519e49301100000303e90000ea600f142a48",
  zeroLatency: "67 64000dacb202a33c926022000007d20001d4c11e285490",
  high10: "67 6e000da6cd941519e493011000003e90000ea600f1429960",
  interlaced444: "67 f40015919b282a679e4c04400000fa40003a9807c50a6580",
};

/** x264 164 and x265 3.5 behind FFmpeg 5.1. */
export const recordVectors: readonly RecordVector[] = [
  {
    name: "H.264 High, two B-frames, 25 pictures a second",
    codec: "H.264",
    hex: `0164000cffe1001a ${sps.high} 01000668eae3cb22c0 fdf8f800`,
    codecs: "avc1.64000c",
    width: 320,
    height: 180,
    reorderDepth: 2,
    frameMs: 40,
    sets: `00000001 ${sps.high} 00000001 68eae3cb22c0`,
  },
  {
    name: "H.264 Baseline, cropped",
    codec: "H.264",
    hex: `0142c00dffe10018 ${sps.baseline} 01000568cb83cb20`,
    codecs: "avc1.42c00d",
    width: 330,
    height: 186,
    reorderDepth: 0,
    frameMs: 1001 / 30,
    sets: `00000001 ${sps.baseline} 00000001 68cb83cb20`,
  },
  {
    name: "H.264 High without B-frames",
    codec: "H.264",
    hex: `0164000dffe10018 ${sps.zeroLatency} 01000668ebc3cb22c0 fdf8f800`,
    codecs: "avc1.64000d",
    width: 330,
    height: 186,
    reorderDepth: 0,
    frameMs: 1001 / 30,
    sets: `00000001 ${sps.zeroLatency} 00000001 68ebc3cb22c0`,
  },
  {
    name: "H.264 High 10",
    codec: "H.264",
    hex: `016e000dffe10019 ${sps.high10} 01000668ebe3cb22c0 fdfafa00`,
    codecs: "avc1.6e000d",
    width: 330,
    height: 186,
    reorderDepth: 2,
    frameMs: 1001 / 30,
    sets: `00000001 ${sps.high10} 00000001 68ebe3cb22c0`,
  },
  {
    name: "H.264 High 4:4:4, interlaced",
    codec: "H.264",
    hex: `01f40015ffe10019 ${sps.interlaced444} 01000668fba3c44844 fff8f800`,
    codecs: "avc1.f40015",
    width: 330,
    height: 186,
    reorderDepth: 2,
    frameMs: 1001 / 30,
    sets: `00000001 ${sps.interlaced444} 00000001 68fba3c44844`,
  },
  {
    name: "HEVC Main",
    codec: "HEVC",
    hex: `0101600000009000000000003cf000fcfdf8f800000f04
      20 0001 0018 40010c01ffff01600000030090000003000003003c959409
      21 0001 002b 42010101600000030090000003000003003ca00a080b9f796565924caf016808000003000800000300c840
      22 0001 0007 4401c172b46240 27 0001 0004 4e0105ff`,
    codecs: "hvc1.1.6.L60.90",
    width: 320,
    height: 180,
    reorderDepth: 2,
    frameMs: undefined,
    sets: `00000001 40010c01ffff01600000030090000003000003003c959409
      00000001 42010101600000030090000003000003003ca00a080b9f796565924caf016808000003000800000300c840
      00000001 4401c172b46240`,
  },
];
