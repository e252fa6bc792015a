import { describe, expect, test } from "bun:test";
import { initSegment } from "../../../../src/media/mp4/init-segment.ts";
import { mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { fromHex, toHex } from "../../../support/bytes.ts";
import { parseTracks } from "../../../support/mp4-parser.ts";
import { aacHeader, avcHeader, packetOf } from "../../../support/ts-media.ts";
import { headerVectors } from "../../../vectors/codec-headers.ts";

const MATRIX = "00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000";
/** stts, stsc, stsz and stco without entries (ISO 14496-12, 8.6.1.2, 8.7.4, 8.7.3.2, 8.7.5). */
const TABLES = `00000010 73747473 00000000 00000000  00000010 73747363 00000000 00000000
  00000014 7374737a 00000000 00000000 00000000  00000010 7374636f 00000000 00000000`;
/** dinf with dref and its one "url " (8.7.1, 8.7.2). */
const DINF = "00000024 64696e66 0000001c 64726566 00000000 00000001 0000000c 75726c20 00000001";

/** ISO 14496-12, with the section of each box. */
const golden = `
  00000018 66747970 69736f36 00000000 69736f36 6d703431                 4.3    ftyp: iso6, 0, iso6, mp41
  00000432 6d6f6f76                                                     8.2.1  moov
  0000006c 6d766864 00000000 00000000 00000000 000003e8 00000000        8.2.2  mvhd: timescale 1000, duration 0
    00010000 0100 0000 00000000 00000000 ${MATRIX}
    000000000000000000000000000000000000000000000000 00000003                  next_track_ID
  000001d6 7472616b                                                     8.3.1  trak
  0000005c 746b6864 00000007 00000000 00000000 00000001 00000000        8.3.2  tkhd: track_ID 1
    00000000 00000000 00000000 0000 0000 0000 0000 ${MATRIX}
    01400000 00b40000                                                          320x180
  00000172 6d646961                                                     8.4.1  mdia
  00000020 6d646864 00000000 00000000 00000000 00015f90 00000000 55c4 0000   8.4.2  mdhd: timescale 90000, und
  00000025 68646c72 00000000 00000000 76696465 000000000000000000000000 7669646500   8.4.3  hdlr: vide
  00000125 6d696e66                                                     8.4.4  minf
  00000014 766d6864 00000001 0000 000000000000                          12.1.2 vmhd
  ${DINF}
  000000e5 7374626c                                                     8.5.1  stbl
  00000099 73747364 00000000 00000001                                   8.5.2  stsd
  00000089 61766331 000000000000 0001 0000 0000 000000000000000000000000      12.1.3 avc1
    0140 00b4 00480000 00480000 00000000 0001
    0000000000000000000000000000000000000000000000000000000000000000 0018 ffff
  00000033 61766343                                                     ISO 14496-15, 5.3.3.1  avcC
    0164000cffe1001a6764000cacd941419f9f011000000300100000030320f142996001000668eae3cb22c0
  ${TABLES}
  000001a0 7472616b                                                     8.3.1  trak
  0000005c 746b6864 00000007 00000000 00000000 00000002 00000000        8.3.2  tkhd: track_ID 2
    00000000 00000000 00000000 0000 0001 0100 0000 ${MATRIX} 00000000 00000000
  0000013c 6d646961                                                     8.4.1  mdia
  00000020 6d646864 00000000 00000000 00000000 0000ac44 00000000 55c4 0000   8.4.2  mdhd: timescale 44100, und
  00000025 68646c72 00000000 00000000 736f756e 000000000000000000000000 736f756e00   8.4.3  hdlr: soun
  000000ef 6d696e66                                                     8.4.4  minf
  00000010 736d6864 00000000 0000 0000                                  12.2.2 smhd
  ${DINF}
  000000b3 7374626c                                                     8.5.1  stbl
  00000067 73747364 00000000 00000001                                   8.5.2  stsd
  00000057 6d703461 000000000000 0001 0000000000000000 0002 0010 0000 0000 ac440000   12.2.3 mp4a: stereo, 44.1 kHz
  00000033 65736473 00000000 03808080 22 0000 00                        ISO 14496-14, 6.7.2  esds
    04808080 14 40 15 000000 00000000 00000000 05808080 02 1210 06808080 01 02
  ${TABLES}
  00000048 6d766578                                                     8.8.1  mvex
  00000020 74726578 00000000 00000001 00000001 00000000 00000000 00000000   8.8.3  trex
  00000020 74726578 00000000 00000002 00000001 00000000 00000000 00000000   8.8.3  trex`;

/** A golden file's bytes: of each line what stands before its section or its words. */
function bytesOf(text: string): string {
  const words = (line: string) => line.trim().split(/\s{3,}/)[0] ?? "";
  return text.split("\n").map(words).join("").replace(/\s+/g, "");
}

describe("an init segment", () => {
  test("of H.264 and AAC is as in the standard, byte for byte", () => {
    expect(toHex(initSegment(mp4Tracks([aacHeader, avcHeader()])))).toBe(bytesOf(golden));
  });

  test.each(headerVectors)("has the configuration of $name", ({ kind, header, frame, entry, box, content, size }) => {
    const packets = [header, frame].filter((hex) => hex !== "").map((hex) => packetOf(kind, 0, fromHex(hex)));
    const [track] = parseTracks(initSegment(mp4Tracks(packets)));
    const [config] = track?.entry.boxes ?? [];
    expect([track?.entry.type, config?.type]).toEqual([entry, box]);
    expect(toHex(config?.content ?? new Uint8Array(0))).toBe(content.replace(/\s+/g, ""));
    if (kind === PacketKind.Video) expect([track?.width, track?.height]).toEqual([...size]);
    else expect(track?.timescale).toBe(size[0]);
  });

  test("of one track has CMAF's brand, and AV1's for AV1", () => {
    const av1 = packetOf(PacketKind.Video, 0, fromHex(headerVectors[0]?.header ?? ""));
    const brands = (packets: Parameters<typeof mp4Tracks>[0]) => {
      const init = initSegment(mp4Tracks(packets));
      return new TextDecoder().decode(init.subarray(16, new DataView(init.buffer).getUint32(0)));
    };
    expect(brands([avcHeader()])).toBe("iso6mp41cmfc");
    expect(brands([av1, aacHeader])).toBe("iso6mp41av01");
    expect(brands([av1])).toBe("iso6mp41cmfcav01");
  });

  test("halves a sample rate that does not fit in the sample entry", () => {
    const flac = headerVectors.find(({ name }) => name === "FLAC");
    const [track] = parseTracks(initSegment(mp4Tracks([packetOf(PacketKind.Audio, 0, fromHex(flac?.header ?? ""))])));
    expect(track?.timescale).toBe(96000);
    expect(toHex(track?.entry.content.subarray(24, 28) ?? new Uint8Array(0))).toBe("bb800000");
  });
});
