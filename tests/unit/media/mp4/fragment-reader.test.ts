import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { box, fullBox, u32 } from "../../../../src/media/mp4/boxes.ts";
import { readFragments } from "../../../../src/media/mp4/fragment-reader.ts";
import { type InitTracks, readInitSegment } from "../../../../src/media/mp4/init-reader.ts";
import { initSegment } from "../../../../src/media/mp4/init-segment.ts";
import { mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { concat, toHex } from "../../../support/bytes.ts";
import { parseFragments } from "../../../support/mp4-parser.ts";
import { writeParts } from "../../../support/mp4-stream.ts";
import { mulberry32 } from "../../../support/random.ts";
import { aacHeader, avcHeader } from "../../../support/ts-media.ts";
import { testStream } from "../../../support/ts-stream.ts";
import { fmp4Vectors } from "../../../vectors/fmp4.ts";

type Sample = [track: number, dts: number, hex: string, key: boolean];

function samplesOf(bytes: Uint8Array, tracks: InitTracks): Sample[] {
  const samples: Sample[] = [];
  readFragments(bytes, tracks, { sample: ({ id }, dts, data, key) => samples.push([id, dts, toHex(data), key]) });
  return samples;
}

test.each(fmp4Vectors)("the samples of $name are read", ({ init, segment, samples }) => {
  const bytes = Uint8Array.fromBase64(segment);
  const tracks = readInitSegment(init === "" ? bytes : Uint8Array.fromBase64(init));
  const read = samplesOf(bytes, tracks).map(([id, dts, hex, key]) => [id, dts, hex.length / 2, key]);
  expect(read).toEqual(samples.map((sample) => [...sample]));
});

test("the writer's fragments are read, whole or in parts", () => {
  const tracks = mp4Tracks([aacHeader, avcHeader()]);
  const init = readInitSegment(initSegment(tracks));
  const run = fc.tuple(fc.integer(), fc.integer({ min: 2, max: 9 }), fc.nat({ max: 20 }));
  fc.assert(
    fc.property(run, ([seed, frames, cut]) => {
      const { packets } = testStream(mulberry32(seed), { video: true, audio: true, frames, gop: 3, bytes: 50 });
      const bytes = writeParts(tracks, [packets.slice(0, cut), packets.slice(cut)]);
      const made = parseFragments(bytes).flatMap(({ samples }) => samples);
      if (made.length === 0) return;
      const known = made.map(({ track, dts, flags, data }) => [track, dts, toHex(data), (flags & 0x1_0000) === 0]);
      expect(samplesOf(bytes, init)).toEqual(known as Sample[]);
    }),
    { seed: 0xf4, numRuns: 40 },
  );
});

/** Tracks 1 and 2, with defaults of a sample of 4 bytes that lasts 10. */
const tracks: InitTracks = new Map(
  [1, 2].map((id) => [
    id,
    { id, kind: undefined, timescale: 100, entry: "", defaults: { duration: 10, size: 4, flags: 0x1_0000 } },
  ]),
);
const tfdt = fullBox("tfdt", 0, 0, u32(70));
const data = box("mdat", [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);

test("a run without an offset follows the one before, even of another track; defaults apply if nothing else is given", () => {
  const first = box("traf", fullBox("tfhd", 0, 0, u32(1)), tfdt, fullBox("trun", 0, 1, u32(1), u32(88 + 72)));
  const moof = box(
    "moof",
    first,
    box("traf", fullBox("tfhd", 0, 0, u32(2)), tfdt, fullBox("trun", 0, 4, u32(2), u32(0))),
  );
  const offset = moof.length + 8;
  const at = moof.findIndex((_, i) => moof[i] === 0x74 && moof[i + 1] === 0x72 && moof[i + 2] === 0x75);
  moof.set(u32(offset), at + 12);
  expect(samplesOf(concat([moof, data]), tracks)).toEqual([
    [1, 70, "01010101", false],
    [2, 70, "02020202", true],
    [2, 80, "03030303", false],
  ]);
});

describe("no segment is", () => {
  const moof = (...traf: Uint8Array[]) => concat([box("moof", box("traf", ...traf)), data]);
  const tfhd = fullBox("tfhd", 0, 0x02_0000, u32(1));
  const cases: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "the segment has no fragment (moof)"],
    ["data alone", data, "the segment has no fragment (moof)"],
    [
      "one of an unknown track",
      moof(fullBox("tfhd", 0, 0, u32(9)), tfdt),
      "a fragment is of track 9, which the init segment does not have",
    ],
    [
      "a run without a track",
      moof(fullBox("trun", 0, 0, u32(1))),
      "a run of samples (trun) has no track before it (tfhd)",
    ],
    [
      "a run without a time",
      moof(tfhd, fullBox("trun", 0, 0, u32(1))),
      "a run of samples (trun) has no time before it (tfdt)",
    ],
    [
      "a run of four billion samples in twenty bytes",
      moof(tfhd, tfdt, fullBox("trun", 0, 0, u32(0xffff_ffff))),
      "the segment has more than 200000 samples",
    ],
    [
      "a sample behind the end",
      moof(tfhd, tfdt, fullBox("trun", 0, 1, u32(1), u32(1000))),
      "a sample lies outside of its segment",
    ],
    [
      "a sample before the beginning",
      moof(tfhd, tfdt, fullBox("trun", 0, 1, u32(1), u32(0xffff_fff0))),
      "a sample lies outside of its segment",
    ],
    [
      "a run that ends within its samples",
      moof(tfhd, tfdt, fullBox("trun", 0, 0x201, u32(2), u32(0), u32(4))),
      "MP4's box trun ends too early: 4 bytes expected at offset 16, 0 there",
    ],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    expect(() => samplesOf(bytes, tracks)).toThrow(new ProtocolError(message));
  });
});
