// Hot: writeMoof runs once for each fragment, with a few numbers for each sample.
import { PacketKind } from "../packet.ts";
import { TfhdFlag, TrunFlag } from "./fragment-flags.ts";
import { SampleFlag } from "./sample-flags.ts";
import type { TrackSamples } from "./track-samples.ts";

/** trun's flags for the fields that samples have. */
const VIDEO_TRUN =
  TrunFlag.DataOffset | TrunFlag.Duration | TrunFlag.Size | TrunFlag.Flags | TrunFlag.CompositionOffset;
const AUDIO_TRUN = TrunFlag.DataOffset | TrunFlag.Duration | TrunFlag.Size;

const BOX_BYTES = 8;
const FULL_BOX_BYTES = 12;
const MFHD_BYTES = FULL_BOX_BYTES + 4;
const TFDT_BYTES = FULL_BOX_BYTES + 8;
const TRUN_BYTES = FULL_BOX_BYTES + 8;
const Type = {
  moof: 0x6d6f_6f66,
  mfhd: 0x6d66_6864,
  traf: 0x7472_6166,
  tfhd: 0x7466_6864,
  tfdt: 0x7466_6474,
  trun: 0x7472_756e,
  mdat: 0x6d64_6174,
} as const;

/** Bytes of a moof with the tracks that have samples. */
export function moofBytes(tracks: readonly TrackSamples[]): number {
  let size = BOX_BYTES + MFHD_BYTES;
  for (let i = 0; i < tracks.length; i++) size += trafBytes(tracks[i] as TrackSamples);
  return size;
}

/** Bytes of an mdat before its data. */
export const MDAT_HEAD_BYTES = BOX_BYTES;

/** Bytes of a traf; 0 for a track without samples. */
function trafBytes(track: TrackSamples): number {
  return track.count === 0 ? 0 : BOX_BYTES + tfhdBytes(track) + TFDT_BYTES + trunBytes(track);
}

function tfhdBytes({ kind }: TrackSamples): number {
  return FULL_BOX_BYTES + (kind === PacketKind.Video ? 4 : 8);
}

function trunBytes({ kind, count }: TrackSamples): number {
  return TRUN_BYTES + count * (kind === PacketKind.Video ? 16 : 8);
}

/**
 * Writes a moof (ISO 14496-12, 8.8.4) and the head of the mdat behind it at the beginning of `out`. The tracks' samples are in their order
 * in the mdat, each track's together. Returns where the data begins.
 */
export function writeMoof(out: DataView, tracks: readonly TrackSamples[], sequence: number): number {
  const size = moofBytes(tracks);
  let at = writeHead(out, 0, size, Type.moof);
  at = writeFullHead(out, at, MFHD_BYTES, Type.mfhd, 0, 0);
  out.setUint32(at, sequence); // sequence_number
  at += 4;
  let data = size + BOX_BYTES;
  for (let i = 0; i < tracks.length; i++) {
    const track = tracks[i] as TrackSamples;
    if (track.count === 0) continue;
    at = writeTraf(out, at, track, data);
    data += track.bytes;
  }
  return writeHead(out, at, data - size, Type.mdat);
}

/** Writes a traf (8.8.6); `data` is where the track's samples begin, in bytes from the moof's beginning. */
function writeTraf(out: DataView, start: number, track: TrackSamples, data: number): number {
  let at = writeHead(out, start, trafBytes(track), Type.traf);
  const isVideo = track.kind === PacketKind.Video;
  const flags = isVideo ? TfhdFlag.DefaultBaseIsMoof : TfhdFlag.DefaultBaseIsMoof | TfhdFlag.DefaultSampleFlags;
  at = writeFullHead(out, at, tfhdBytes(track), Type.tfhd, 0, flags);
  out.setUint32(at, track.trackId); // track_ID
  at += 4;
  if (!isVideo) {
    out.setUint32(at, SampleFlag.Independent); // default_sample_flags
    at += 4;
  }
  at = writeFullHead(out, at, TFDT_BYTES, Type.tfdt, 1, 0);
  const begin = track.times[0] as number;
  out.setUint32(at, begin / 2 ** 32); // baseMediaDecodeTime
  out.setUint32(at + 4, begin % 2 ** 32);
  at += 8;
  at = writeFullHead(out, at, trunBytes(track), Type.trun, 1, isVideo ? VIDEO_TRUN : AUDIO_TRUN);
  out.setUint32(at, track.count); // sample_count
  out.setInt32(at + 4, data); // data_offset
  at += 8;
  const { times, sizes, count } = track;
  for (let i = 0; i < count; i++) {
    out.setUint32(at, (times[i + 1] as number) - (times[i] as number)); // sample_duration
    out.setUint32(at + 4, sizes[i] as number); // sample_size
    at += 8;
    if (!isVideo) continue;
    out.setUint32(at, track.flags[i] as number); // sample_flags
    out.setInt32(at + 4, track.offsets[i] as number); // sample_composition_time_offset
    at += 8;
  }
  return at;
}

function writeHead(out: DataView, at: number, size: number, type: number): number {
  out.setUint32(at, size);
  out.setUint32(at + 4, type);
  return at + BOX_BYTES;
}

function writeFullHead(out: DataView, at: number, size: number, type: number, version: number, flags: number): number {
  writeHead(out, at, size, type);
  out.setUint32(at + BOX_BYTES, (version << 24) | flags);
  return at + FULL_BOX_BYTES;
}
