/**
 * AudioSpecificConfigs and the ADTS header of a frame with `length` bytes. Bits laid by hand after ISO 14496-3, 1.6.2.1 and
 * 1.A.2.2.1; the first header is also what FFmpeg 5.1 writes.
 */
export const adtsVectors = [
  { name: "LC, 44.1 kHz, stereo", config: "1210", length: 4, adts: "fff15080017ffc" },
  { name: "LC, 48 kHz, stereo, with SBR said to be off", config: "119056e500", length: 4, adts: "fff14c80017ffc" },
  { name: "Main, 8 kHz, mono", config: "0d88", length: 2039, adts: "fff12c40ffdffc" },
  { name: "LC, 48 kHz, 7.1, the largest frame", config: "11b8", length: 8184, adts: "fff14dc3fffffc" },
  { name: "HE-AAC said outright, 24 kHz core, stereo", config: "2b118800", length: 4, adts: "fff15880017ffc" },
  { name: "HE-AAC v2 said outright, 22.05 kHz core, mono", config: "eb8a0800", length: 4, adts: "fff15c40017ffc" },
  { name: "LC, 24 kHz spelt out, stereo", config: "17802ee010", length: 4, adts: "fff15880017ffc" },
] as const;

/** AudioSpecificConfigs of streams that ADTS can't carry, and the reason. */
export const adtsRefusedVectors = [
  { name: "xHE-AAC", config: "f948 0000", reason: "xHE-AAC cannot be sent as ADTS" },
  { name: "AAC-ELD", config: "f8e8 5000", reason: "AAC with audio object type 39 cannot be sent as ADTS" },
  { name: "error-resilient LC", config: "8a10", reason: "AAC with audio object type 17 cannot be sent as ADTS" },
  { name: "a rate of no index", config: "1780271010", reason: "AAC with 20000 Hz cannot be sent as ADTS" },
  {
    name: "its own channel layout",
    config: "1200",
    reason: "AAC with a channel layout of its own cannot be sent as ADTS",
  },
  { name: "22.2 channels", config: "1268", reason: "AAC with channel configuration 13 cannot be sent as ADTS" },
  { name: "960 samples", config: "1214", reason: "AAC with 960 samples in a frame cannot be sent as ADTS" },
] as const;

/** What is no AudioSpecificConfig. */
export const badConfigVectors = [
  { name: "nothing", config: "" },
  { name: "one byte", config: "12" },
  { name: "a rate that is cut off", config: "1780" },
  { name: "HE-AAC without its core", config: "2b11" },
  { name: "a reserved rate index", config: "1690" },
  { name: "a rate of 0 Hz", config: "1780000010" },
  { name: "object type 0", config: "0210" },
] as const;
