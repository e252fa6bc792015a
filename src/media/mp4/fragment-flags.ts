/** tfhd's flags: which fields it has, and where offsets of data count from (ISO 14496-12, 8.8.7). */
export const TfhdFlag = {
  BaseDataOffset: 0x01,
  SampleDescriptionIndex: 0x02,
  DefaultSampleDuration: 0x08,
  DefaultSampleSize: 0x10,
  DefaultSampleFlags: 0x20,
  DefaultBaseIsMoof: 0x02_0000,
} as const;

/** trun's flags: which fields it has, and which fields each sample has (ISO 14496-12, 8.8.8). */
export const TrunFlag = {
  DataOffset: 0x001,
  FirstSampleFlags: 0x004,
  Duration: 0x100,
  Size: 0x200,
  Flags: 0x400,
  CompositionOffset: 0x800,
} as const;
