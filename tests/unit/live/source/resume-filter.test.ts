import { describe, expect, test } from "bun:test";
import { ResumeFilter, type ResumingSource } from "../../../../src/live/source/resume-filter.ts";
import { Timeline } from "../../../../src/live/source/timeline.ts";
import { PacketFlag, PacketKind } from "../../../../src/media/packet.ts";

const { Audio, Video } = PacketKind;

/** A pull that was told no dates. */
const pulled: ResumingSource = { info: { via: "pull", hops: [] }, dateAt: () => undefined };

/** A stream that had a key frame at 1000 ms, a frame at 1040 and audio at 1030, and lost its source. */
function brokenOff(first = 1000, source: ResumingSource = pulled, date?: number) {
  const timeline = new Timeline("full");
  const resumption = new ResumeFilter(timeline);
  const key = new Uint8Array([0x17, 1, 0, 0, 0, 42]);
  const at = (kind: PacketKind, timestamp: number) => timeline.place(kind, 0, (first + timestamp) >>> 0, timestamp);
  resumption.key(at(Video, 0), key, date);
  at(Audio, 30);
  at(Video, 40);
  timeline.newSource();
  resumption.newSource(source);
  resumption.took(Video, 0, (first + 40) >>> 0, new Uint8Array([0x27, 1, 40]));
  const classify = (kind: PacketKind, timestamp: number, payload = new Uint8Array([0x27, 1])) =>
    resumption.classify(kind, 0, payload === key ? PacketFlag.Key : 0, (first + timestamp) >>> 0, payload);
  return { timeline, resumption, key, classify, at };
}

describe("another source that takes over", () => {
  test("begins where its audio does not overlap the last audio of the source before", () => {
    const { timeline, resumption, classify } = brokenOff();
    timeline.takeOver({ kind: Video, track: 0, timestamp: 1041, shift: 0, ahead: 0, inStep: true, lead: 0 });
    resumption.takeOver(false);
    expect([1, 30, 31, 39].map((at) => classify(Audio, at))).toEqual(["late", "late", "late", "late"]);
    expect([40, 41].map((at) => classify(Audio, at))).toEqual(["next", "next"]);
  });

  test("with the same stream begins with its first new frame, however close that is", () => {
    const { timeline, resumption, classify } = brokenOff();
    timeline.takeOver({ kind: Video, track: 0, timestamp: 1041, shift: 0, ahead: 0, inStep: true, lead: 0 });
    resumption.takeOver(true);
    expect([30, 31].map((at) => classify(Audio, at))).toEqual(["repeated", "next"]);
  });
});

describe("a source that comes back", () => {
  test("does not repeat the GOP that broke off, and then continues at its own time", () => {
    const { timeline, resumption, key, classify, at } = brokenOff();
    expect(classify(Video, 0, key)).toBe("repeated");
    expect(classify(Audio, 30)).toBe("repeated");
    expect(classify(Video, 40)).toBe("repeated");
    expect(classify(Audio, 53)).toBe("next");
    // The other track may be behind.
    expect(classify(Video, 40)).toBe("repeated");
    expect(at(Audio, 53)).toBe(1053);
    expect(timeline.bridged).toBe(0);
    expect(resumption.over).toBe(false);
    expect(classify(Audio, 10_041)).toBe("next");
    expect(resumption.over).toBe(true);
  });

  test("may step back with its clock once it has continued", () => {
    const { key, classify } = brokenOff();
    classify(Video, 0, key);
    expect(classify(Audio, 53)).toBe("next");
    expect(classify(Audio, 20)).toBe("next");
    expect(classify(Video, 40)).toBe("repeated");
  });

  test("continues after its last frame, even if its clock stepped back before that", () => {
    const { key, classify } = brokenOff();
    classify(Video, 0, key);
    expect(classify(Video, 20)).toBe("repeated");
    expect(classify(Video, 40, new Uint8Array([0x27, 1, 40]))).toBe("repeated");
    expect(classify(Video, 30)).toBe("next");
    expect(classify(Audio, 30)).toBe("repeated");
  });

  test("and restarts its clock while it repeats is not waited for", () => {
    const { key, classify } = brokenOff(100_000);
    expect(classify(Video, 0, key)).toBe("repeated");
    expect(classify(Video, 40)).toBe("repeated");
    expect(classify(Video, -50_000)).toBe("next");
  });

  test("does not repeat its data, and passes new data", () => {
    const { timeline, resumption, key, classify } = brokenOff();
    timeline.resume(Video, 0, 1000);
    timeline.placeBeside(PacketKind.Data, 0, 1010);
    timeline.newSource();
    const hasSent = (timestamp: number) => resumption.hasSent(PacketKind.Data, 0, timestamp);
    expect(hasSent(1010)).toBe(false);
    expect(classify(Video, 0, key)).toBe("repeated");
    expect([1005, 1010, 1011].map(hasSent)).toEqual([true, true, false]);
    classify(Video, 20_000);
    expect(hasSent(1010)).toBe(false);
  });

  test("is recognised on both sides of the 32-bit wrap", () => {
    const { key, classify, at } = brokenOff(0xffffffff - 10);
    expect(classify(Video, 0, key)).toBe("repeated");
    expect(classify(Video, 40)).toBe("repeated");
    expect(classify(Video, 80)).toBe("next");
    expect(at(Video, 80)).toBe(0xffffffff - 10 + 80);
  });

  test("counts as another one when its key frame differs, or comes at another time, or it begins with audio", () => {
    const other = new Uint8Array([0x17, 1, 0, 0, 0, 43]);
    const differs = brokenOff();
    expect(differs.resumption.classify(Video, 0, PacketFlag.Key, 1000, other)).toBe("other");
    const later = brokenOff();
    expect(later.classify(Video, 20, later.key)).toBe("other");
    expect(brokenOff().classify(Audio, 0)).toBe("other");
  });

  test("counts as another one when it comes back after yet another", () => {
    const { timeline, resumption, key, classify } = brokenOff();
    expect(classify(Audio, 60)).toBe("other");
    timeline.newSource();
    resumption.newSource(pulled);
    expect(classify(Video, 0, key)).toBe("other");
  });

  test("counts as another one when its key frame is no longer remembered", () => {
    const { resumption, classify, key } = brokenOff();
    resumption.forget();
    expect(classify(Video, 0, key)).toBe("other");
  });

  test("counts as another one when its key frame is of another date, as an encoder has sent the same file again", () => {
    const dated = (date: number) => brokenOff(1000, { ...pulled, dateAt: () => date }, 1_000_000);
    for (const ms of [-2999, 0, 2999]) {
      const { classify, key } = dated(1_000_000 + ms);
      expect(classify(Video, 0, key)).toBe("repeated");
    }
    for (const ms of [-3000, 3000]) {
      const { classify, key } = dated(1_000_000 + ms);
      expect(classify(Video, 0, key)).toBe("other");
    }
  });

  test("counts as another one when it is an encoder that begins as the one before began", () => {
    const encoder: ResumingSource = { ...pulled, info: { via: "client", hops: [] } };
    const again = brokenOff(1000, encoder);
    expect(again.classify(Video, 0, again.key)).toBe("other");
    // Servers of other kinds look like encoders, and begin with their newest GOP.
    const { timeline, resumption, classify, at } = brokenOff(1000, encoder);
    const newest = new Uint8Array([0x17, 1, 0, 0, 0, 44]);
    resumption.key(at(Video, 80), newest, undefined);
    timeline.newSource();
    resumption.newSource(encoder);
    expect(resumption.classify(Video, 0, PacketFlag.Key, 1080, newest)).toBe("repeated");
    expect(classify(Video, 120)).toBe("next");
  });
});
