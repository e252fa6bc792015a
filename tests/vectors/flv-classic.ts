import { PacketKind } from "../../src/media/packet.ts";

const { Audio, Video } = PacketKind;
const avc1 = "61766331";
const hvc1 = "68766331";
const av01 = "61763031";
const opus = "4f707573";
const flac = "664c6143";
const mp4a = "6d703461";
const mp3 = "2e6d7033";
/** A ModEx prefix with the nanosecond offset; `type` is the packet type behind it. */
const modEx = (type: number) => `02 000102 0${type}`;

/**
 * A payload, and what it is in an FLV stream for players without enhanced RTMP; `classic` is undefined where they don't get it. Laid
 * by hand from FLV 10.1 E.4.2 and E.4.3 and Enhanced RTMP v2.
 */
export interface ClassicVector {
  readonly name: string;
  readonly kind: PacketKind;
  readonly hex: string;
  readonly classic: string | undefined;
}

const row = (name: string, kind: PacketKind, hex: string, classic: string | undefined): ClassicVector => ({
  name,
  kind,
  hex,
  classic,
});
const same = (name: string, kind: PacketKind, hex: string): ClassicVector => row(name, kind, hex, hex);
const out = (name: string, kind: PacketKind, hex: string): ClassicVector => row(name, kind, hex, undefined);

export const classicVectors: readonly ClassicVector[] = [
  row("avc1 sequence start", Video, `90 ${avc1} 01640028`, "17 00 000000 01640028"),
  row("avc1 key frame with its composition time", Video, `91 ${avc1} 000050 aabb`, "17 01 000050 aabb"),
  row("avc1 inter frame with a negative composition time", Video, `a1 ${avc1} ffffd8 aa`, "27 01 ffffd8 aa"),
  row("avc1 frame without composition time", Video, `b3 ${avc1} aabb`, "37 01 000000 aabb"),
  row("avc1 end of sequence", Video, `92 ${avc1}`, "17 02 000000"),
  row("avc1 behind ModEx", Video, `97 ${modEx(1)} ${avc1} 000001 aa`, "17 01 000001 aa"),
  row("avc1 of one track, 0", Video, `96 01 ${avc1} 00 000002 aa`, "17 01 000002 aa"),
  row("avc1 of two tracks", Video, `96 11 ${avc1} 02 000001 dd 00 000005 000003 aabb`, "17 01 000003 aabb"),
  row("two codecs, avc1 first", Video, `96 23 ${avc1} 00 000002 aabb ${hvc1} 01 000001 cc`, "17 01 000000 aabb"),
  row("hvc1 of two codecs", Video, `a6 23 ${avc1} 01 000001 dd ${hvc1} 00 000002 aabb`, `a3 ${hvc1} aabb`),
  row("hvc1 behind ModEx", Video, `97 ${modEx(0)} ${hvc1} 01`, `90 ${hvc1} 01`),
  same("hvc1 sequence start", Video, `90 ${hvc1} 01`),
  same("hvc1 frame", Video, `a1 ${hvc1} 000000 aa`),
  same("hvc1 frame without composition time", Video, `93 ${hvc1} aa`),
  same("hvc1 end of sequence", Video, `92 ${hvc1}`),
  same("av01 sequence start", Video, `90 ${av01} 81`),
  same("av01 frame", Video, `a1 ${av01} 12 00`),
  row("av01 frame by the other packet type", Video, `a3 ${av01} 12 00`, `a1 ${av01} 12 00`),
  row("legacy AV1 sequence header", Video, "1d 00 000000 81", `90 ${av01} 81`),
  row("legacy AV1 frame", Video, "2d 01 000000 1200", `a1 ${av01} 1200`),
  same("AVC sequence header", Video, "17 00 000000 0164"),
  same("AVC frame", Video, "27 01 000190 aa"),
  same("legacy HEVC frame", Video, "1c 01 000000 aa"),
  same("Sorenson H.263", Video, "22 0000840c20"),
  same("VP6", Video, "14 00"),
  out("a client-side seek", Video, "57 00"),
  out("AVC of an unheard packet type", Video, "17 03 000000"),
  out("AVC that is cut off", Video, "17 01 00"),
  out("avc1 frame cut in its composition time", Video, `91 ${avc1} 0000`),
  out("track 1 alone", Video, `96 01 ${avc1} 01 000002 aa`),
  out("a track 0 longer than its message", Video, `96 13 ${avc1} 00 000003 aabb`),
  out("colour information", Video, `94 ${hvc1} 02`),
  out("av01 of MPEG-2 TS", Video, `95 ${av01} 8004`),
  out("a packet type nobody has heard of", Video, `98 ${hvc1}`),
  out("an enhanced command", Video, "d1 00"),
  out("VP9", Video, "91 76703039 aa"),
  out("VVC", Video, "91 76766331 000000 aa"),
  out("a video cut in its fourcc", Video, "90 687663"),
  out("ModEx without an end", Video, "97 02 0001"),
  row("mp4a sequence start", Audio, `90 ${mp4a} 1210`, "af 00 1210"),
  row("mp4a frame", Audio, `91 ${mp4a} de02`, "af 01 de02"),
  row("mp4a of one track, 0", Audio, `95 01 ${mp4a} 00 de02`, "af 01 de02"),
  row("mp4a behind ModEx", Audio, `97 ${modEx(1)} ${mp4a} de02`, "af 01 de02"),
  row(".mp3 frame, 44.1 kHz, stereo", Audio, `91 ${mp3} fffb9064 00`, "2f fffb9064 00"),
  row(".mp3 frame, 22.05 kHz, mono", Audio, `91 ${mp3} fff390c4 00`, "2a fff390c4 00"),
  row(".mp3 frame, 11.025 kHz, stereo", Audio, `91 ${mp3} ffe39044 00`, "27 ffe39044 00"),
  row("MP3 at 8 kHz", Audio, "ee ffe3", "2e ffe3"),
  row("Opus of one track, 0", Audio, `95 01 ${opus} 00 fc7f`, `91 ${opus} fc7f`),
  same("Opus sequence start", Audio, `90 ${opus} 4f707573`),
  same("Opus frame", Audio, `91 ${opus} fc7f`),
  same("FLAC frame", Audio, `91 ${flac} fff8`),
  same("AAC sequence header", Audio, "af 00 1210"),
  same("MP3", Audio, "2f fffb9064"),
  same("Speex", Audio, "b2 00"),
  out("Opus channel layout", Audio, `94 ${opus} 01`),
  out("audio packet type 3", Audio, `93 ${opus}`),
  out("end of mp4a", Audio, `92 ${mp4a}`),
  out("a sequence start of .mp3", Audio, `90 ${mp3} fffb9064`),
  out(".mp3 cut in its header", Audio, `91 ${mp3} fffb`),
  out("track 2 of Opus", Audio, `95 01 ${opus} 02 fc7f`),
  out("E-AC-3", Audio, "91 65632d33 0b77"),
];
