import { joined } from "../../base/memory.ts";
import { PacketKind } from "../packet.ts";
import { ascii, box, fullBox, u16, u32, zeros } from "./boxes.ts";
import { codecBrand, stsd } from "./sample-entries.ts";
import type { Mp4Track } from "./tracks.ts";

/** Time scale of the movie, whose duration is always 0. */
const MOVIE_TIMESCALE = 1000;
/** Unity (ISO 14496-12, 6.2.2). */
const matrix = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000].flatMap(u32);
/** "und", three letters of five bits. */
const UNDETERMINED = 0x55c4;
/** track_enabled, track_in_movie, track_in_preview. */
const TRACK_FLAGS = 7;
/** The flag of a data reference to media in the same file. */
const SELF_CONTAINED = 1;

/**
 * The init segment that fragments of these tracks need: ftyp, and moov with mvex (ISO 14496-12). Track ids are the positions in the list,
 * from 1 on. The bytes are a function of the tracks alone.
 */
export function initSegment(tracks: readonly Mp4Track[]): Uint8Array {
  const moov = box(
    "moov",
    mvhd(tracks.length),
    ...tracks.map((track, at) => trak(track, at + 1)),
    box("mvex", ...tracks.map((_, at) => trex(at + 1))),
  );
  return joined(ftyp(tracks), moov);
}

/** 4.3. A file with a single track is a CMAF track (ISO 23000-19, 7.2). */
function ftyp(tracks: readonly Mp4Track[]): Uint8Array {
  return box(
    "ftyp",
    ascii("iso6"), // major_brand: default-base-is-moof, tfdt, signed composition offsets
    u32(0), // minor_version
    ascii("iso6mp41"), // compatible_brands
    tracks.length === 1 ? ascii("cmfc") : [],
    ...tracks.map(({ codec }) => codecBrand(codec)),
  );
}

/** 8.2.2. */
function mvhd(tracks: number): Uint8Array {
  return fullBox(
    "mvhd",
    0,
    0,
    u32(0), // creation_time
    u32(0), // modification_time
    u32(MOVIE_TIMESCALE), // timescale
    u32(0), // duration
    u32(0x0001_0000), // rate
    u16(0x0100), // volume
    zeros(2 + 8), // reserved
    matrix,
    zeros(24), // pre_defined
    u32(tracks + 1), // next_track_ID
  );
}

/** 8.3.1. */
function trak(track: Mp4Track, id: number): Uint8Array {
  return box("trak", tkhd(track, id), mdia(track));
}

/** 8.3.2. */
function tkhd({ config }: Mp4Track, id: number): Uint8Array {
  const isVideo = config.kind === PacketKind.Video;
  return fullBox(
    "tkhd",
    0,
    TRACK_FLAGS,
    u32(0), // creation_time
    u32(0), // modification_time
    u32(id), // track_ID
    u32(0), // reserved
    u32(0), // duration
    zeros(8), // reserved
    u16(0), // layer
    u16(isVideo ? 0 : 1), // alternate_group: one of the audio tracks is heard
    u16(isVideo ? 0 : 0x0100), // volume
    u16(0), // reserved
    matrix,
    u16(isVideo ? config.picture.width : 0), // width, 16.16
    u16(0),
    u16(isVideo ? config.picture.height : 0), // height, 16.16
    u16(0),
  );
}

/** 8.4. */
function mdia({ kind, timescale, sampleEntry }: Mp4Track): Uint8Array {
  const isVideo = kind === PacketKind.Video;
  const stbl = box(
    "stbl",
    stsd(sampleEntry),
    fullBox("stts", 0, 0, u32(0)), // entry_count
    fullBox("stsc", 0, 0, u32(0)), // entry_count
    fullBox("stsz", 0, 0, u32(0), u32(0)), // sample_size, sample_count
    fullBox("stco", 0, 0, u32(0)), // entry_count
  );
  return box(
    "mdia",
    mdhd(timescale),
    hdlr(isVideo ? "vide" : "soun"),
    box(
      "minf",
      isVideo ? fullBox("vmhd", 0, 1, zeros(8)) : fullBox("smhd", 0, 0, zeros(4)), // graphicsmode, opcolor; balance, reserved
      box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, SELF_CONTAINED))), // entry_count
      stbl,
    ),
  );
}

/** 8.4.2. */
function mdhd(timescale: number): Uint8Array {
  return fullBox(
    "mdhd",
    0,
    0,
    u32(0), // creation_time
    u32(0), // modification_time
    u32(timescale), // timescale
    u32(0), // duration
    u16(UNDETERMINED), // language
    u16(0), // pre_defined
  );
}

/** 8.4.3. */
function hdlr(type: string): Uint8Array {
  return fullBox(
    "hdlr",
    0,
    0,
    u32(0), // pre_defined
    ascii(type), // handler_type
    zeros(12), // reserved
    ascii(`${type}\0`), // name
  );
}

/** 8.8.3. */
function trex(id: number): Uint8Array {
  return fullBox(
    "trex",
    0,
    0,
    u32(id), // track_ID
    u32(1), // default_sample_description_index
    u32(0), // default_sample_duration
    u32(0), // default_sample_size
    u32(0), // default_sample_flags
  );
}
