import { ProtocolError } from "../base/errors.ts";
import { ByteReader } from "../bytes/reader.ts";
import { Codec } from "./codec.ts";
import { type PictureInfo, readH264Sps, readHevcSps } from "./sps.ts";

/** What frames of an H.264 or HEVC stream need before they can be decoded, from its sequence header. */
export interface VideoConfig {
  /** `Codec.H264` or `Codec.Hevc`. */
  readonly codec: number;
  /** Bytes of the length before each NAL unit, 1 to 4. */
  readonly lengthBytes: number;
  /** VPS, SPS and PPS in Annex B format, each behind a start code; empty when they are in the frames only. */
  readonly parameterSets: Uint8Array;
  /** Undefined when the SPS is missing or can't be read. */
  readonly picture: PictureInfo | undefined;
  /** For CODECS of a playlist (RFC 6381): "avc1.64001f", "hvc1.1.6.L93.B0"; avc3 and hev1 if only the frames have parameter sets. */
  readonly codecs: string;
}

const H264_SPS = 7;
const HevcNal = { Vps: 32, Sps: 33, Pps: 34 } as const;
/** Maximum number of parameter sets in a configuration, whose format would allow thousands. */
const MAX_SETS = 64;
const MAX_SET_BYTES = 64 * 1024;

/** Reads a configuration record, and keeps no view of it. Throws `ProtocolError` when it is broken, or of another codec. */
export function readVideoConfig(codec: number, record: Uint8Array): VideoConfig {
  if (codec === Codec.H264) return readH264Config(record);
  if (codec === Codec.Hevc) return readHevcConfig(record);
  throw new ProtocolError("a configuration that is neither of H.264 nor of HEVC");
}

/** The picture by the SPS in a frame, for a configuration without an SPS; undefined when the frame has none. */
export function pictureIn(config: VideoConfig, frame: Uint8Array): PictureInfo | undefined {
  const isHevc = config.codec === Codec.Hevc;
  for (let at = 0, count = 0; at < frame.length && count < MAX_SETS; count++) {
    let length = 0;
    for (let i = 0; i < config.lengthBytes; i++) length = length * 256 + (frame[at + i] ?? 0);
    at += config.lengthBytes;
    const nal = frame.subarray(at, at + length);
    const type = isHevc ? ((nal[0] ?? 0) >> 1) & 63 : (nal[0] ?? 0) & 31;
    if (type === (isHevc ? HevcNal.Sps : H264_SPS)) return isHevc ? readHevcSps(nal) : readH264Sps(nal);
    at += length;
  }
  return undefined;
}

/** AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1.2). */
function readH264Config(record: Uint8Array): VideoConfig {
  const reader = new ByteReader(record, "H.264 configuration record");
  reader.skip(1);
  const profile = reader.bytes(3);
  const lengthBytes = (reader.u8() & 3) + 1;
  const sets: Uint8Array[] = [];
  readSets(reader, reader.u8() & 31, sets);
  const sps = sets[0];
  readSets(reader, reader.u8(), sets);
  return {
    codec: Codec.H264,
    lengthBytes,
    parameterSets: annexB(sets),
    picture: sps === undefined ? undefined : readH264Sps(sps),
    codecs: `${sets.length === 0 ? "avc3" : "avc1"}.${hex(profile)}`,
  };
}

/** HEVCDecoderConfigurationRecord (ISO 14496-15, 8.3.3.1.2). */
function readHevcConfig(record: Uint8Array): VideoConfig {
  const reader = new ByteReader(record, "HEVC configuration record");
  reader.skip(1);
  const profile = reader.bytes(12);
  reader.skip(8);
  const lengthBytes = (reader.u8() & 3) + 1;
  const sets: Uint8Array[] = [];
  let sps: Uint8Array | undefined;
  for (let arrays = reader.u8(); arrays > 0; arrays--) {
    const type = reader.u8() & 63;
    const found: Uint8Array[] = [];
    readSets(reader, reader.u16(), found);
    if (type === HevcNal.Sps) sps ??= found[0];
    if (type >= HevcNal.Vps && type <= HevcNal.Pps) sets.push(...found);
  }
  return {
    codec: Codec.Hevc,
    lengthBytes,
    parameterSets: annexB(sets),
    picture: sps === undefined ? undefined : readHevcSps(sps),
    codecs: hevcCodecs(sets.length === 0 ? "hev1" : "hvc1", profile),
  };
}

function readSets(reader: ByteReader, count: number, into: Uint8Array[]): void {
  if (into.length + count > MAX_SETS)
    throw new ProtocolError(`more than ${MAX_SETS} parameter sets in one configuration`);
  for (let i = 0; i < count; i++) {
    const set = reader.bytes(reader.u16());
    if (set.length > 0) into.push(set);
  }
}

function annexB(sets: readonly Uint8Array[]): Uint8Array {
  const size = sets.reduce((sum, set) => sum + 4 + set.length, 0);
  if (size > MAX_SET_BYTES) throw new ProtocolError(`parameter sets of ${size} bytes, ${MAX_SET_BYTES} allowed`);
  const out = new Uint8Array(size);
  let at = 0;
  for (const set of sets) {
    out[at + 3] = 1;
    out.set(set, at + 4);
    at += 4 + set.length;
  }
  return out;
}

/** ISO 14496-15, annex E.3. `profile` is general_profile_space to general_level_idc. */
function hevcCodecs(name: string, profile: Uint8Array): string {
  const [first = 0] = profile;
  const space = ["", "A", "B", "C"][first >> 6] ?? "";
  let compatibility = 0;
  for (let bit = 0; bit < 32; bit++)
    if (((profile[1 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1) compatibility += 2 ** bit;
  const tier = first & 0x20 ? "H" : "L";
  const constraints = Array.from(profile.subarray(5, 11), (byte) => byte.toString(16).toUpperCase());
  while (constraints.at(-1) === "0") constraints.pop();
  const parts = [`${space}${first & 31}`, compatibility.toString(16).toUpperCase(), `${tier}${profile[11] ?? 0}`];
  return [name, ...parts, ...constraints].join(".");
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
