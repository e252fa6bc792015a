import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readAc3, readEac3 } from "../../../src/media/ac3.ts";
import { flacSamples } from "../../../src/media/flac.ts";
import { readMp3Header } from "../../../src/media/mp3.ts";
import { opusSamples } from "../../../src/media/opus.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";

const opus = (hex: string) => opusSamples(fromHex(hex), 0, fromHex(hex).length);
const flac = (hex: string) => flacSamples(fromHex(hex), 0, fromHex(hex).length);

describe("samples of an Opus packet", () => {
  // RFC 6716, table 2 and 3.2.
  test.each([
    ["SILK of 10 ms", "00", 480],
    ["SILK of 60 ms", "18", 2880],
    ["hybrid of 20 ms", "68", 960],
    ["CELT of 2.5 ms", "80", 120],
    ["two frames of 20 ms", "f9", 1920],
    ["six frames of 20 ms", "fb06", 5760],
    ["no frame", "fb00", 0],
    ["more than 120 ms", "fb07", 0],
    ["a count that is cut off", "fb", 0],
    ["nothing", "", 0],
  ] as const)("%s", (_, hex, samples) => expect(opus(hex)).toBe(samples));
});

describe("samples of a FLAC frame", () => {
  // RFC 9639, 9.1.1 and 9.1.6.
  test.each([
    ["192", "fff8 1908 0000", 192],
    ["576 of code 2", "fff8 2908 0000", 576],
    ["4608 of code 5", "fff8 5908 0000", 4608],
    ["256 of code 8", "fff8 8908 0000", 256],
    ["32768 of code 15", "fff8 f908 0000", 32768],
    ["eight bits behind a number of one byte", "fff8 6908 05 3f 00", 64],
    ["sixteen bits behind a number of three bytes", "fff9 7908 e28080 0fff 00", 4096],
    ["code 0", "fff8 0908 0000", 0],
    ["another sync", "fff0 1908 0000", 0],
    ["a number that is cut off", "fff9 7908 fe80", 0],
  ] as const)("%s", (_, hex, samples) => expect(flac(hex)).toBe(samples));
});

describe("an MP3 frame's header", () => {
  test.each([
    ["MPEG-1, stereo", "fffb9064", { sampleRate: 44100, channels: 2, samples: 1152 }],
    ["MPEG-2.5, mono", "ffe308c0", { sampleRate: 8000, channels: 1, samples: 576 }],
    ["layer II", "fffd9064", undefined],
    ["a reserved rate", "fffb9c64", undefined],
    ["a reserved version", "ffeb9064", undefined],
    ["nothing", "", undefined],
  ] as const)("of %s", (_, hex, header) => expect(readMp3Header(fromHex(hex))).toEqual(header as never));
});

describe("a packet of E-AC-3", () => {
  const frame = (hex: string, bytes: number) => concat([fromHex(hex), new Uint8Array(bytes - fromHex(hex).length)]);

  test("has six blocks, or as many as its frames have", () => {
    // strmtyp 0, substream 0, 834 bytes, 44.1 kHz, six blocks, stereo; the dec3 that FFmpeg 5.1 wrote for 192 kbit/s.
    const whole = frame("0b7701a07487c000200000004480ae040401", 834);
    expect(readEac3(whole)).toMatchObject({ sampleRate: 44100, channels: 2, samples: 1536 });
    expect(toHex(readEac3(whole)?.box ?? new Uint8Array(0))).toBe("0600600400");
    // numblkscod 0: one block in each of two frames.
    const one = frame("0b7700074487c00020000000", 16);
    expect(readEac3(concat([one, one]))?.samples).toBe(512);
  });

  test("names the channels of substreams that depend on the first", () => {
    const first = frame("0b7700103487c0002000", 34);
    const dependent = frame("", 34);
    // strmtyp 1, acmod 2, dialnorm 0, no compr, chanmape 1, chanmap 0x0200: Lrs and Rrs.
    dependent.set(fromHex("0b77 4010 34 80 10 20 00"), 0);
    const info = readEac3(concat([first, dependent]));
    expect(info?.samples).toBe(1536);
    expect(info?.box.length).toBe(6);
    expect([(info?.box[4] ?? 0) >> 1, info?.box[5]]).toEqual([1, 2]);
  });

  test("is none of another codec, cut off or damaged", () => {
    for (const hex of ["", "0b77", "0b77ffff", "0b770ad35e40ebf8403eff9df082"])
      expect(readEac3(fromHex(hex))).toBeUndefined();
    expect(readAc3(fromHex("0b7701a07487c000200000004480ae040401"))).toBeUndefined();
  });
});

test("whatever frames hold, the readers end and give whole numbers", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom("", "fff8", "fffb", "0b77"), (bytes, sync) => {
      const frame = concat([fromHex(sync), bytes]);
      expect(opusSamples(frame, 0, frame.length)).toBeLessThanOrEqual(5760);
      expect(flacSamples(frame, 0, frame.length)).toBeLessThanOrEqual(65536);
      for (const info of [readMp3Header(frame), readAc3(frame), readEac3(frame)])
        if (info !== undefined) expect(info.samples > 0 && info.channels > 0 && info.sampleRate > 0).toBe(true);
    }),
    { seed: 11 },
  );
});
