import { describe, expect, test } from "bun:test";
import { Resumption } from "../../../../src/live/source/resume-filter.ts";
import { Timeline } from "../../../../src/live/source/timeline.ts";
import { PacketFlag, PacketKind } from "../../../../src/media/packet.ts";

const { Audio, Video } = PacketKind;

/** A stream that had a key frame at 1000 ms, a frame at 1040 and audio at 1030, and lost its source. */
function brokenOff(first = 1000) {
  const timeline = new Timeline("full");
  const resumption = new Resumption(timeline);
  const key = new Uint8Array([0x17, 1, 0, 0, 0, 42]);
  const at = (kind: PacketKind, timestamp: number) => timeline.place(kind, 0, (first + timestamp) >>> 0, timestamp);
  resumption.key(at(Video, 0), key);
  at(Audio, 30);
  at(Video, 40);
  timeline.newSource();
  resumption.newSource();
  resumption.took(Video, 0, (first + 40) >>> 0, new Uint8Array([0x27, 1, 40]));
  const judge = (kind: PacketKind, timestamp: number, payload = new Uint8Array([0x27, 1])) =>
    resumption.judge(kind, 0, payload === key ? PacketFlag.Key : 0, (first + timestamp) >>> 0, payload);
  return { timeline, resumption, key, judge, at };
}

describe("a source that comes back", () => {
  test("is not heard again where it repeats the GOP that broke off, and then goes on at its own time", () => {
    const { timeline, resumption, key, judge, at } = brokenOff();
    expect(judge(Video, 0, key)).toBe("repeated");
    expect(judge(Audio, 30)).toBe("repeated");
    expect(judge(Video, 40)).toBe("repeated");
    expect(judge(Audio, 53)).toBe("next");
    // The other track may be behind.
    expect(judge(Video, 40)).toBe("repeated");
    expect(at(Audio, 53)).toBe(1053);
    expect(timeline.bridged).toBe(0);
    expect(resumption.over).toBe(false);
    expect(judge(Audio, 10_041)).toBe("next");
    expect(resumption.over).toBe(true);
  });

  test("may step back with its clock once it has gone on", () => {
    const { key, judge } = brokenOff();
    judge(Video, 0, key);
    expect(judge(Audio, 53)).toBe("next");
    expect(judge(Audio, 20)).toBe("next");
    expect(judge(Video, 40)).toBe("repeated");
  });

  test("goes on behind its last frame, though its clock stepped back before that", () => {
    const { key, judge } = brokenOff();
    judge(Video, 0, key);
    expect(judge(Video, 20)).toBe("repeated");
    expect(judge(Video, 40, new Uint8Array([0x27, 1, 40]))).toBe("repeated");
    expect(judge(Video, 30)).toBe("next");
    expect(judge(Audio, 30)).toBe("repeated");
  });

  test("and starts its clock anew while it repeats is not waited for", () => {
    const { key, judge } = brokenOff(100_000);
    expect(judge(Video, 0, key)).toBe("repeated");
    expect(judge(Video, 40)).toBe("repeated");
    expect(judge(Video, -50_000)).toBe("next");
  });

  test("does not say again what data it has sent, and says what is new", () => {
    const { timeline, resumption, key, judge } = brokenOff();
    timeline.resume(Video, 0, 1000);
    timeline.placeBeside(PacketKind.Data, 0, 1010);
    timeline.newSource();
    const had = (timestamp: number) => resumption.had(PacketKind.Data, 0, timestamp);
    expect(had(1010)).toBe(false);
    expect(judge(Video, 0, key)).toBe("repeated");
    expect([1005, 1010, 1011].map(had)).toEqual([true, true, false]);
    judge(Video, 20_000);
    expect(had(1010)).toBe(false);
  });

  test("is known on both sides of the 32-bit wrap", () => {
    const { key, judge, at } = brokenOff(0xffffffff - 10);
    expect(judge(Video, 0, key)).toBe("repeated");
    expect(judge(Video, 40)).toBe("repeated");
    expect(judge(Video, 80)).toBe("next");
    expect(at(Video, 80)).toBe(0xffffffff - 10 + 80);
  });

  test("is another one when its key frame differs, or comes at another time, or it begins with audio", () => {
    const other = new Uint8Array([0x17, 1, 0, 0, 0, 43]);
    const differs = brokenOff();
    expect(differs.resumption.judge(Video, 0, PacketFlag.Key, 1000, other)).toBe("other");
    const later = brokenOff();
    expect(later.judge(Video, 20, later.key)).toBe("other");
    expect(brokenOff().judge(Audio, 0)).toBe("other");
  });

  test("is another one when it comes back after yet another", () => {
    const { timeline, resumption, key, judge } = brokenOff();
    expect(judge(Audio, 60)).toBe("other");
    timeline.newSource();
    resumption.newSource();
    expect(judge(Video, 0, key)).toBe("other");
  });

  test("is another one when nobody remembers the key frame", () => {
    const { resumption, judge, key } = brokenOff();
    resumption.forget();
    expect(judge(Video, 0, key)).toBe("other");
  });
});
