import { describe, expect, test } from "bun:test";
import { Program } from "../../../../src/media/ts/program.ts";
import { Pid, patSection, pmtSection, StreamType, sectionPacket } from "../../../../src/media/ts/psi.ts";
import { fromHex, toHex } from "../../../support/bytes.ts";
import { demux } from "../../../support/ts-demuxer.ts";

describe("program specific information", () => {
  // Both as FFmpeg 5.1 wrote them.
  test("the PAT is that of FFmpeg", () => expect(toHex(patSection())).toBe("00b00d0001c100000001f0002ab104b2"));

  test("the PMT of H.264 and AAC is that of FFmpeg", () => {
    const hex = "02b0170001c10000e100f0001be100f0000fe101f0002f44b99b";
    expect(toHex(pmtSection(StreamType.H264, StreamType.AdtsAac, 0))).toBe(hex);
  });

  test("the clock is in the audio's PID when there is no video, and nowhere when there is nothing", () => {
    expect(toHex(pmtSection(0, StreamType.Mp3, 0)).slice(16, 30)).toBe("e101f00003e101");
    expect(toHex(pmtSection(0, 0, 0)).slice(16, 24)).toBe("fffff000");
  });

  test("a version has five bits", () => {
    expect(pmtSection(StreamType.Hevc, 0, 33)[5]).toBe(0xc3);
  });

  test("a section's packet is stuffed behind it", () => {
    const packet = sectionPacket(Pid.Pat, patSection());
    expect(toHex(packet.subarray(0, 5))).toBe("4740001000");
    expect(packet.subarray(21)).toEqual(new Uint8Array(167).fill(0xff));
    expect(demux(packet).sections[0]?.bytes).toEqual(patSection());
  });
});

describe("a program", () => {
  const first = Program.none.with(StreamType.H264, StreamType.AdtsAac);

  test("is the same object while its streams are the same", () => {
    expect(first.with(StreamType.H264, StreamType.AdtsAac)).toBe(first);
  });

  test("has a version for each change, and one of its own without video", () => {
    const version = (packet: Uint8Array) => ((packet[10] ?? 0) >> 1) & 31;
    const second = first.with(StreamType.H264, StreamType.Mp3);
    expect([first, second].flatMap((program) => [program.pmt(true), program.pmt(false)].map(version))).toEqual([
      0, 1, 2, 3,
    ]);
  });

  test("leaves the video out of the PMT for audio alone", () => {
    const section = fromHex("02b0120001c30000e101f0000fe101f000");
    expect(toHex(first.pmt(false).subarray(5, 22))).toBe(toHex(section));
  });
});
