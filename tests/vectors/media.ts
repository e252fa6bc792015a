import { PacketFlag, PacketKind } from "../../src/media/packet.ts";

const { Key, SequenceHeader, SequenceEnd, Config, Disposable } = PacketFlag;
const { Audio, Video } = PacketKind;

/** The first bytes of a payload, and what they say. */
export interface MediaVector {
  readonly name: string;
  readonly kind: PacketKind;
  readonly hex: string;
  readonly flags: number;
  readonly track: number;
  readonly codec: string;
  /** Only where it matters: for headers and configuration. */
  readonly slot?: string;
}

const avc1 = "61766331";
const hvc1 = "68766331";
const av01 = "61763031";
const opus = "4f707573";
const mp4a = "6d703461";

const row = (
  name: string,
  kind: PacketKind,
  hex: string,
  flags: number,
  codec: string,
  track = 0,
  slot?: string,
): MediaVector => ({ name, kind, hex, flags, codec, track, ...(slot === undefined ? {} : { slot }) });

/** FLV 10.1 E.4.2 and E.4.3. Those marked with a program were taken from its output, and cut. */
export const legacyVectors: readonly MediaVector[] = [
  row("AVC sequence header (FFmpeg 5.1)", Video, "17 00 000000 01f4000affe10017", SequenceHeader, "H.264", 0, "v0"),
  row("AVC key frame (FFmpeg 5.1)", Video, "17 01 0000c8 000002a90605ffff", Key, "H.264"),
  row("AVC inter frame (FFmpeg 5.1)", Video, "27 01 000190 00000047419a236c", 0, "H.264"),
  row("AVC end of sequence (FFmpeg 5.1)", Video, "17 02 000000", SequenceEnd, "H.264"),
  row("AVC disposable frame", Video, "37 01 000000 00000001", Disposable, "H.264"),
  row("AVC generated key frame", Video, "47 01 000000 00000001", Key, "H.264"),
  row("AVC sequence header marked as an inter frame", Video, "27 00 000000 01", SequenceHeader, "H.264", 0, "v0"),
  row("AVC of an unheard packet type", Video, "17 03 000000", 0, "H.264"),
  row("AVC cut after one byte", Video, "17", 0, "H.264"),
  row("legacy HEVC sequence header", Video, "1c 00 000000 01", SequenceHeader, "HEVC", 0, "v0"),
  row("legacy HEVC key frame", Video, "1c 01 000000 00000001", Key, "HEVC"),
  row("legacy HEVC end of sequence", Video, "1c 02 000000", SequenceEnd, "HEVC"),
  row("legacy AV1 sequence header", Video, "1d 00 000000 81", SequenceHeader, "AV1", 0, "v0"),
  row("legacy AV1 inter frame", Video, "2d 01 000000", 0, "AV1"),
  row("Sorenson key frame (FFmpeg 5.1)", Video, "12 0000840020", Key, "Sorenson H.263"),
  row("Sorenson inter frame (FFmpeg 5.1)", Video, "22 0000840c20", 0, "Sorenson H.263"),
  row("Sorenson disposable frame", Video, "32 0000", Disposable, "Sorenson H.263"),
  row("VP6 key frame", Video, "14 00", Key, "VP6"),
  row("screen video key frame", Video, "13", Key, "Screen Video"),
  row("an unheard codec's key frame", Video, "1a 00", Key, "video codec 10"),
  row("start of a client-side seek", Video, "57 00", 0, "H.264"),
  row("end of a client-side seek", Video, "52 01", 0, "Sorenson H.263"),
  row("AAC sequence header (FFmpeg 5.1)", Audio, "af 00 120856e500", SequenceHeader, "AAC", 0, "a0"),
  row("AAC frame (FFmpeg 5.1)", Audio, "af 01 de02004c6176", 0, "AAC"),
  row("AAC cut after one byte", Audio, "af", 0, "AAC"),
  row("MP3", Audio, "2f fffb9064", 0, "MP3"),
  row("MP3 with a zero", Audio, "2f 00", 0, "MP3"),
  row("Speex", Audio, "b2 00", 0, "Speex"),
  row("G.711", Audio, "72 00", 0, "G.711 A-law"),
  row("an unheard audio format", Audio, "c0 00", 0, "audio codec 12"),
];

/** Enhanced RTMP v2. Those marked "lab" were taken from files of github.com/veovera/enhanced-rtmp (e-rtmp-lab), and cut. */
export const enhancedVectors: readonly MediaVector[] = [
  row("AV1 sequence start without a body (lab)", Video, `90 ${av01}`, SequenceHeader, "AV1", 0, "v0"),
  row("AV1 key frame (lab)", Video, `91 ${av01} 12000a0b00000024`, Key, "AV1"),
  row("AV1 inter frame (lab)", Video, `a1 ${av01} 120032b11b2004e0`, 0, "AV1"),
  row("AV1 metadata as a command frame (lab)", Video, `d4 ${av01} 020009636f6c6f72`, Config, "AV1", 0, "v0/config"),
  row("Opus sequence start (lab)", Audio, `90 ${opus} 4f70757348656164`, SequenceHeader, "Opus", 0, "a0"),
  row("Opus channel layout (lab)", Audio, `94 ${opus} 010200000003`, Config, "Opus", 0, "a0/config"),
  row("Opus frame (lab)", Audio, `91 ${opus} fc7ff93ffd81ea86`, 0, "Opus"),
  row("HEVC sequence start", Video, `90 ${hvc1} 01`, SequenceHeader, "HEVC", 0, "v0"),
  row("HEVC key frame", Video, `91 ${hvc1} 000000 00`, Key, "HEVC"),
  row("HEVC key frame without composition time", Video, `93 ${hvc1} 00`, Key, "HEVC"),
  row("HEVC inter frame without composition time", Video, `a3 ${hvc1} 00`, 0, "HEVC"),
  row("HEVC disposable frame", Video, `b1 ${hvc1} 000000`, Disposable, "HEVC"),
  row("HEVC generated key frame", Video, `c1 ${hvc1} 000000`, Key, "HEVC"),
  row("HEVC end of sequence", Video, `92 ${hvc1}`, SequenceEnd, "HEVC"),
  row("AVC by its fourcc", Video, `90 ${avc1} 01`, SequenceHeader, "H.264", 0, "v0"),
  row("VVC", Video, "91 76766331 000000", Key, "VVC"),
  row("VP9", Video, "93 76703039", Key, "VP9"),
  row("a codec nobody has heard of", Video, "91 7a7a7a39", Key, "zzz9"),
  row("a codec of bytes that are no text", Video, "91 00ff0a41", Key, "???A"),
  row("AV1 sequence start of MPEG-2 TS", Video, `95 ${av01} 8004`, SequenceHeader, "AV1", 0, "v0"),
  row("metadata marked as a key frame", Video, `94 ${hvc1} 02`, Config, "HEVC", 0, "v0/config"),
  row("a command", Video, "d1 00", 0, ""),
  row("a command that looks like a key frame of a track", Video, `d6 01 ${hvc1} 02`, 0, "HEVC"),
  row("a packet type nobody has heard of", Video, `98 ${hvc1}`, 0, "HEVC"),
  row("a video cut in its fourcc", Video, "90 687663", 0, ""),
  row("AAC by its fourcc", Audio, `90 ${mp4a} 1190`, SequenceHeader, "AAC", 0, "a0"),
  row("FLAC frame", Audio, "91 664c6143 fff8", 0, "FLAC"),
  row("E-AC-3 frame", Audio, "91 65632d33 0b77", 0, "E-AC-3"),
  row("audio end of sequence", Audio, `92 ${opus}`, SequenceEnd, "Opus"),
  row("audio packet type 3 is not defined", Audio, `93 ${opus}`, 0, "Opus"),
  row("audio cut after one byte", Audio, "90", 0, ""),
];

/** The same, multitrack and ModEx. */
export const multitrackVectors: readonly MediaVector[] = [
  row("one track, sequence start", Video, `96 00 ${avc1} 02 01640028`, SequenceHeader, "H.264", 2, "v2"),
  row("one track, key frame", Video, `96 01 ${avc1} 02 000000`, Key, "H.264", 2),
  row("one track, inter frame", Video, `a6 01 ${avc1} 01 000000`, 0, "H.264", 1),
  row("one track, disposable frame", Video, `b6 03 ${avc1} 01`, Disposable, "H.264", 1),
  row("one track, metadata", Video, `96 04 ${avc1} 03 02`, Config, "H.264", 3, "v3/config"),
  row("one track, end of sequence", Video, `96 02 ${avc1} ff`, SequenceEnd, "H.264", 255),
  row("one track, cut before its id", Video, `96 01 ${avc1}`, 0, ""),
  row("nothing after the packet type", Video, "96", 0, ""),
  row("two tracks, key frame", Video, `96 11 ${avc1} 05 000003 aabbcc 02 000001 dd`, Key, "H.264", 2),
  row("two tracks, headers", Video, `96 10 ${avc1} 02 000001 aa 01 000001 bb`, SequenceHeader, "H.264", 1, "v1,2"),
  row("the same track twice", Video, `96 10 ${avc1} 01 000001 aa 01 000001 bb`, SequenceHeader, "H.264", 1, "v1"),
  row("a track longer than the message", Video, `96 11 ${avc1} 05 ffffff aa`, Key, "H.264", 5),
  row("a second track cut off", Video, `96 11 ${avc1} 05 000001 aa 01 0000`, Key, "H.264", 5),
  row("two tracks of two codecs", Video, `96 21 ${avc1} 01 000001 aa ${hvc1} 00 000001 bb`, Key, "H.264+HEVC", 0),
  row(
    "headers of two codecs",
    Video,
    `96 20 ${avc1} 00 000000 ${hvc1} 01 000000`,
    SequenceHeader,
    "H.264+HEVC",
    0,
    "v0,1",
  ),
  row("a multitrack type nobody has heard of", Video, `96 31 ${avc1} 00 000000`, 0, ""),
  row("multitrack inside multitrack", Video, `96 06 ${avc1} 01`, 0, "H.264", 1),
  row("audio, one track", Audio, `95 00 ${mp4a} 01 1190`, SequenceHeader, "AAC", 1, "a1"),
  row("audio, one track's frame", Audio, `95 01 ${mp4a} 01 21`, 0, "AAC", 1),
  row("audio, layouts of two tracks", Audio, `95 14 ${opus} 01 000001 aa 00 000000`, Config, "Opus", 0, "a0,1/config"),
  row(
    "audio, two codecs",
    Audio,
    `95 20 ${mp4a} 00 000001 aa ${opus} 01 000000`,
    SequenceHeader,
    "AAC+Opus",
    0,
    "a0,1",
  ),
  row("nanoseconds, then a key frame", Video, `97 02 0f4240 01 ${hvc1} 000000`, Key, "HEVC"),
  row("nanoseconds, then a header", Video, `97 02 000001 00 ${hvc1} 01`, SequenceHeader, "HEVC", 0, "v0"),
  row("two extensions", Video, `a7 02 000001 07 00 aa 13 ${avc1}`, 0, "H.264"),
  row("an extension of 300 bytes", Video, `97 ff 012b ${"00".repeat(300)} 01 ${avc1} 000000`, Key, "H.264"),
  row("nanoseconds, then a track", Video, `97 02 000001 06 01 ${avc1} 04 000000`, Key, "H.264", 4),
  row(
    "nanoseconds, then a command frame's metadata",
    Video,
    `d7 02 000001 04 ${hvc1} 02`,
    Config,
    "HEVC",
    0,
    "v0/config",
  ),
  row("nanoseconds, then audio", Audio, `97 02 000001 00 ${opus}`, SequenceHeader, "Opus", 0, "a0"),
  row("an extension longer than the message", Video, `97 ff ffff ${avc1}`, 0, ""),
  row("an extension and nothing behind", Video, "97 00 aa", 0, ""),
  row("extensions without end", Video, `97 ${"00aa07".repeat(40)}`, 0, ""),
];
