import { Codec } from "../codec.ts";
import { readOpusHead } from "../opus.ts";
import type { AudioTrackConfig, VideoTrackConfig } from "../track-config.ts";
import { ascii, type Bytes, box, fullBox, u8, u16, u24, u32, zeros } from "./boxes.ts";

/** Descriptors of MPEG-4 systems (ISO 14496-1, 7.2.6). */
const Descriptor = { Es: 3, DecoderConfig: 4, DecoderSpecific: 5, SlConfig: 6 } as const;
/** objectTypeIndication (ISO 14496-1, table 5). */
const ObjectType = { Aac: 0x40, Mpeg2Audio: 0x69, Mpeg1Audio: 0x6b } as const;
/** streamType audio, upStream 0, reserved 1. */
const AUDIO_STREAM = (5 << 2) | 1;
/** Lowest rate of MPEG-1's layers, Hz. */
const MPEG1_RATE = 32000;
const MAX_RATE = 0xffff;

/** The entry of stsd that describes a video track, its configuration inside (ISO 14496-12, 12.1.3; 14496-15, 5.4.2 and 8.4.1). */
export function videoSampleEntry(codec: number, { codecs, record, picture }: VideoTrackConfig): Uint8Array {
  switch (codec) {
    case Codec.H264:
      return visualEntry(codecs.slice(0, 4), picture, box("avcC", record));
    case Codec.Hevc:
      return visualEntry(codecs.slice(0, 4), picture, box("hvcC", record));
    case Codec.Av1:
      return visualEntry("av01", picture, box("av1C", record)); // AV1-ISOBMFF, 2.2.3
    default:
      return visualEntry("vp09", picture, fullBox("vpcC", 1, 0, record)); // VP9 ISOBMFF, VP Codec Configuration Box
  }
}

/** The entry of stsd that describes an audio track (ISO 14496-12, 12.2.3). */
export function audioSampleEntry(codec: number, config: AudioTrackConfig): Uint8Array {
  const { record, sampleRate } = config;
  switch (codec) {
    case Codec.Aac:
      return audioEntry("mp4a", config, esds(ObjectType.Aac, record));
    case Codec.Mp3:
      return audioEntry("mp4a", config, esds(sampleRate < MPEG1_RATE ? ObjectType.Mpeg2Audio : ObjectType.Mpeg1Audio));
    case Codec.Opus:
      return audioEntry("Opus", config, dOps(record));
    case Codec.Flac:
      return audioEntry("fLaC", config, dfLa(record));
    case Codec.Ac3:
      return audioEntry("ac-3", config, box("dac3", record)); // ETSI TS 102 366, F.4
    default:
      return audioEntry("ec-3", config, box("dec3", record)); // ETSI TS 102 366, F.6
  }
}

function visualEntry(type: string, { width, height }: VideoTrackConfig["picture"], config: Uint8Array): Uint8Array {
  return box(
    type,
    zeros(6), // reserved
    u16(1), // data_reference_index
    zeros(2 + 2 + 12), // pre_defined, reserved, pre_defined
    u16(width), // width
    u16(height), // height
    u32(0x0048_0000), // horizresolution, 72 dpi
    u32(0x0048_0000), // vertresolution
    u32(0), // reserved
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x18), // depth
    u16(0xffff), // pre_defined
    config,
  );
}

function audioEntry(type: string, config: AudioTrackConfig, own: Uint8Array): Uint8Array {
  let rate = config.sampleRate;
  // Halved until 16 bits have room for it (FLAC-in-ISOBMFF, 3.3.1).
  while (rate > MAX_RATE) rate /= 2;
  return box(
    type,
    zeros(6), // reserved
    u16(1), // data_reference_index
    zeros(8), // reserved
    u16(config.channels ?? 2), // channelcount
    u16(config.bitsPerSample || 16), // samplesize
    u16(0), // pre_defined
    u16(0), // reserved
    u16(rate), // samplerate, 16.16
    u16(0),
    own,
  );
}

/** ESDBox (ISO 14496-14, 6.7.2, with the descriptors of ISO 14496-1, 7.2.6). */
function esds(objectType: number, specific?: Uint8Array): Uint8Array {
  const config = descriptor(
    Descriptor.DecoderConfig,
    u8(objectType), // objectTypeIndication
    u8(AUDIO_STREAM), // streamType, upStream, reserved
    u24(0), // bufferSizeDB
    u32(0), // maxBitrate
    u32(0), // avgBitrate
    specific === undefined ? [] : descriptor(Descriptor.DecoderSpecific, specific),
  );
  return fullBox(
    "esds",
    0,
    0,
    descriptor(
      Descriptor.Es,
      u16(0), // ES_ID
      u8(0), // flags
      config,
      descriptor(Descriptor.SlConfig, u8(2)), // predefined, for MP4
    ),
  );
}

/** A descriptor; its length takes four bytes of seven bits each, which is as valid as a shorter form. */
function descriptor(tag: number, ...content: readonly Bytes[]): number[] {
  const body = content.flatMap((part) => [...part]);
  const { length } = body;
  const sizes = [length >>> 21, length >>> 14, length >>> 7].map((bits) => 0x80 | (bits & 0x7f));
  return [tag, ...sizes, length & 0x7f, ...body];
}

/** OpusSpecificBox (Opus in ISOBMFF, 4.3.2) of an OpusHead. */
function dOps(record: Uint8Array): Uint8Array {
  const head = readOpusHead(record);
  if (head === undefined) throw new RangeError("a track of Opus without its header");
  return box(
    "dOps",
    u8(0), // Version
    u8(head.channels), // OutputChannelCount
    u16(head.preSkip), // PreSkip
    u32(head.inputRate), // InputSampleRate
    u16(head.gain), // OutputGain
    u8(head.mappingFamily), // ChannelMappingFamily
    head.mapping, // StreamCount, CoupledCount, ChannelMapping
  );
}

/** FLACSpecificBox (FLAC-in-ISOBMFF, 3.3.2) of a STREAMINFO block. */
function dfLa(streamInfo: Uint8Array): Uint8Array {
  return fullBox(
    "dfLa",
    0,
    0,
    u8(0x80), // LastMetadataBlockFlag, BlockType STREAMINFO
    u24(streamInfo.length), // Length
    streamInfo, // BlockData
  );
}

/** A track's sample entry in stsd (ISO 14496-12, 8.5.2). */
export function stsd(entry: Uint8Array): Uint8Array {
  return fullBox(
    "stsd",
    0,
    0,
    u32(1), // entry_count
    entry,
  );
}

/** The brand that names a codec, if there is one (AV1-ISOBMFF, 2.1). */
export function codecBrand(codec: number): number[] {
  return codec === Codec.Av1 ? ascii("av01") : [];
}
