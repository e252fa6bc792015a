import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { box, fullBox, u32, zeros } from "../../../../src/media/mp4/boxes.ts";
import { readInitSegment } from "../../../../src/media/mp4/init-reader.ts";
import { initSegment } from "../../../../src/media/mp4/init-segment.ts";
import { mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { concat, fromHex } from "../../../support/bytes.ts";
import { aacHeader, avcHeader, packetOf } from "../../../support/ts-media.ts";
import { headerVectors } from "../../../vectors/codec-headers.ts";
import { fmp4Vectors } from "../../../vectors/fmp4.ts";

test.each(fmp4Vectors)("the tracks of $name are read", ({ init, segment, tracks }) => {
  const found = readInitSegment(Uint8Array.fromBase64(init || segment));
  for (const [id, track] of Object.entries(tracks)) expect(found.get(Number(id))).toMatchObject(track);
  expect(found.size).toBe(2);
});

test("the writer's init segments are read, for every codec", () => {
  const headers = headerVectors.map(({ kind, header, frame }) => packetOf(kind, 0, fromHex(header || frame)));
  for (const packets of [[avcHeader(), aacHeader], ...headers.map((header) => [header])]) {
    const written = mp4Tracks(packets);
    if (written.length === 0) continue;
    const read = [...readInitSegment(initSegment(written)).values()];
    const known = written.map(({ kind, timescale }, at) => ({ id: at + 1, kind, timescale }));
    expect(read).toMatchObject(known);
  }
});

test("times of 64 bits, defaults of samples, and tracks that are neither video nor audio are read", () => {
  const tkhd = fullBox("tkhd", 1, 7, zeros(16), u32(3));
  const mdhd = fullBox("mdhd", 1, 0, zeros(16), u32(600));
  const hdlr = fullBox("hdlr", 0, 0, u32(0), new TextEncoder().encode("subt"));
  const trex = fullBox("trex", 0, 0, u32(3), u32(1), u32(20), u32(30), u32(0x1_0000));
  const moov = box("moov", box("trak", tkhd, box("mdia", mdhd, hdlr)), box("mvex", trex));
  expect(readInitSegment(moov).get(3)).toEqual({
    ...{ id: 3, kind: undefined, timescale: 600, entry: "" },
    defaults: { duration: 20, size: 30, flags: 0x1_0000 },
  });
});

describe("no init segment is", () => {
  const track = (id: number, timescale: number) =>
    box(
      "trak",
      fullBox("tkhd", 0, 7, zeros(8), u32(id)),
      box("mdia", fullBox("mdhd", 0, 0, zeros(8), u32(timescale)), fullBox("hdlr", 0, 0, u32(0), zeros(4))),
    );
  const many = Array.from({ length: 65 }, (_, at) => track(at + 1, 1));
  const cases: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "the init segment has no track"],
    ["a page", new TextEncoder().encode("<html>"), "MP4 ends within the head of a box, 6 bytes before the end"],
    ["a moov without a track", box("moov"), "the init segment has no track"],
    ["one with too many", box("moov", ...many), "the init segment has more than 64 tracks"],
    ["one without a timescale", box("moov", track(1, 0)), "a track of the init segment has no id or no timescale"],
    [
      "one with a box that is too long",
      concat([fromHex("00000400"), new TextEncoder().encode("moov")]),
      'MP4\'s box "moov" has 1024 bytes, where 8 are left',
    ],
    [
      "one with a box of nearly 2^64 bytes",
      fromHex("00000001 6d6f6f76 ffffffffffffffff"),
      'MP4\'s box "moov" has 18446744073709552000 bytes, where 16 are left',
    ],
    [
      "one with a box that ends within its fields",
      box("moov", box("trak", box("tkhd", u32(0)))),
      "MP4's box tkhd ends too early: 8 bytes expected at offset 4, 0 there",
    ],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    expect(() => readInitSegment(bytes)).toThrow(new ProtocolError(message));
  });
});

test("a box without a size extends to the end of the file", () => {
  const [{ init }] = fmp4Vectors;
  const bytes = Uint8Array.fromBase64(init);
  const moov = bytes.findIndex((_, at) => bytes[at] === 0x6d && bytes[at + 1] === 0x6f && bytes[at + 3] === 0x76);
  const whole = readInitSegment(bytes);
  bytes.set([0, 0, 0, 0], moov - 4);
  expect(readInitSegment(bytes)).toEqual(whole);
  expect(whole.get(1)?.kind).toBe(PacketKind.Video);
});
