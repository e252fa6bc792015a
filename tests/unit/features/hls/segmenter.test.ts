import { describe, expect, test } from "bun:test";
import type { OpenWriter } from "../../../../src/features/hls/segment.ts";
import { beginEpoch, type Epoch, endEpoch, extendEpoch, startSpan } from "../../../../src/live/source/epoch.ts";
import type { Packet } from "../../../../src/media/packet.ts";
import { packet, SegmenterStage, TextWriter } from "../../../support/segments.ts";

const ID = "0123456789abcdef0123456789abcdef";
const WALL = 1_700_000_000_000;
const FIRST = WALL / 2000;
const HEADERS = [packet("A0", 0), packet("V0", 0)];

function epoch(gop = 2000): Epoch {
  return beginEpoch(ID, WALL, 0, gop);
}

/** Video with a key frame each `gop` ms and a frame each `step` ms, in [from, to). */
function video(from: number, to: number, gop = 2000, step = 500): Packet[] {
  const packets: Packet[] = [];
  for (let time = from; time < to; time += step) packets.push(packet(`${time % gop === 0 ? "k" : "i"}${time}`, time));
  return packets;
}

describe("slots with key frames", () => {
  test("each slot's first key frame begins a segment, which ends with the next", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(0, 6500, 2000, 1000));
    expect(stage.texts).toEqual([
      "[A0 V0] k0@0 i1000@1000",
      "[A0 V0] k2000@2000 i3000@3000",
      "[A0 V0] k4000@4000 i5000@5000",
    ]);
    expect(stage.numbers).toEqual([FIRST, FIRST + 1, FIRST + 2]);
    expect(stage.durations).toEqual([2000, 2000, 2000]);
    expect(stage.segments.map(({ dateMs }) => dateMs)).toEqual([WALL, WALL + 2000, WALL + 4000]);
    expect(stage.segments.every(({ independent, damaged }) => independent && !damaged)).toBe(true);
  });

  test("frames before a slot's first key frame belong to the segment before", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(1500), ...video(0, 6100, 1500, 750));
    expect(stage.texts).toEqual([
      "[A0 V0] k0@0 i750@750 k1500@1500 i2250@2250",
      "[A0 V0] k3000@3000 i3750@3750",
      "[A0 V0] k4500@4500 i5250@5250",
    ]);
    expect(stage.durations).toEqual([3000, 1500, 1500]);
    expect(stage.segments[0]?.targetSeconds).toBe(4);
  });

  test("audio that comes late stays after the key frame after which it came", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(0, 2000, 2000, 1000), packet("k2", 2000), packet("a1", 1990), packet("k4", 4000));
    expect(stage.texts[1]).toBe("[A0 V0] k2@2000 a1@1990");
  });
});

describe("slots without key frames", () => {
  test("a slot without one begins at its first packet, once it is over", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), packet("k0", 0), packet("i1", 1000), packet("i2", 2000), packet("i3", 3000));
    expect(stage.texts).toEqual([]);
    stage.take(epoch(), packet("i4", 4000));
    expect(stage.texts).toEqual(["[A0 V0] k0@0 i1@1000"]);
    stage.take(epoch(), packet("k5", 5000), packet("k6", 6000));
    expect(stage.texts).toEqual(["[A0 V0] k0@0 i1@1000", "[A0 V0] i2@2000 i3@3000 i4@4000", "[A0 V0] k5@5000"]);
    expect(stage.segments.map(({ independent }) => independent)).toEqual([true, false, true]);
    expect(stage.durations).toEqual([2000, 3000, 1000]);
  });

  test("minutes without a key frame are cut into slots", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), packet("k0", 0), ...Array.from({ length: 300 }, (_, at) => packet(`i${at}`, 500 + at * 500)));
    expect(stage.segments.length).toBe(74);
    expect(new Set(stage.durations.slice(1)).size).toBe(1);
  });

  test("audio without video is cut at once at each slot's first frame", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin([packet("A0", 0)]);
    stage.take(epoch(0), ...[0, 900, 1800, 1950, 3000, 4000].map((time) => packet(`a${time}`, time)));
    expect(stage.texts).toEqual(["[A0] a0@0 a900@900 a1800@1800", "[A0] a1950@1950 a3000@3000"]);
    expect(stage.segments.every(({ independent }) => independent)).toBe(true);
  });
});

describe("the first entries of an epoch", () => {
  /** Frames each half second, with key frames at these times, in [0, to); `gopAt` says what the epoch tells from a time on. */
  function take(keys: readonly number[], to: number, told: (time: number) => Epoch = () => unknown): SegmenterStage {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    for (let time = 0; time < to; time += 500)
      stage.take(told(time), packet(`${keys.includes(time) ? "k" : "i"}${time}`, time));
    return stage;
  }
  const unknown = epoch(0);
  const measuredAt = (from: number, gop: number): Epoch =>
    extendEpoch(unknown, { from, key: 0, wall: undefined, gop, discontinuity: false }) as Epoch;

  test("wait for a whole GOP, and have the target duration that stays", () => {
    expect(take([0], 5000).texts).toEqual([]);
    const told = measuredAt(5000, 5000);
    const stage = take([0, 5000, 10_000, 15_000, 20_000], 21_000, (time) => (time < 5000 ? unknown : told));
    expect(stage.durations.slice(0, 2)).toEqual([2000, 3000]);
    expect(new Set(stage.segments.map(({ targetSeconds }) => targetSeconds))).toEqual(new Set([11]));
  });

  test.each([
    ["GOPs as long as a segment", [0, 2000], 2500],
    ["shorter ones", [0, 1000, 2000], 2500],
    ["an epoch that tells it", [0], 4500],
  ])("come no later than in real time with %s", (name, keys, to) => {
    const stage = take(keys, to, () => (name.startsWith("an epoch") ? epoch() : unknown));
    expect(stage.durations).toEqual([2000]);
  });

  test("wait longer where the encoder's first key frames are close together", () => {
    const told = measuredAt(5500, 5000);
    const stage = take([0, 500, 5500], 6000, (time) => (time < 5500 ? unknown : told));
    expect(take([0, 500], 5500).texts).toEqual([]);
    expect(stage.durations).toEqual([2000, 3500]);
  });

  test("come after half a minute without a second key frame", () => {
    expect(take([0], 30_000).texts).toEqual([]);
    expect(take([0], 30_500).texts.length).toBe(14);
  });

  test("come when the source ends, and wait no more when it is back", () => {
    const stage = take([0], 5000);
    stage.segmenter.settle();
    expect(stage.durations).toEqual([2000]);
    stage.take(unknown, ...[5000, 6000, 8000].map((time) => packet(`i${time}`, time)));
    expect(stage.durations.length).toBe(3);
  });

  test("wait for the source of each epoch", () => {
    const stage = take([0, 2000, 4000], 4500);
    expect(stage.durations.length).toBe(2);
    const other = beginEpoch("f".repeat(32), WALL + 6000, 6000, 0, endEpoch(unknown, 4000));
    const frames = [6000, 8000, 10_000].map((time) => packet(`${time === 6000 ? "k" : "i"}${time}`, time));
    stage.take(other, ...frames);
    expect(stage.durations.length).toBe(3);
    stage.take(other, packet("k", 11_000));
    expect(stage.durations.length).toBeGreaterThan(3);
  });

  test("come at once after those of another segmenter", () => {
    const stage = new SegmenterStage();
    stage.segmenter.continueAfter(ID, FIRST - 1);
    stage.segmenter.begin(HEADERS, true);
    stage.take(unknown, ...video(0, 4500, 60_000));
    expect(stage.durations.length).toBe(1);
  });
});

describe("slots without packets", () => {
  test("slots without packets are entries without bytes, and the times of all add up", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), packet("k0", 0), packet("i1", 1000), packet("k8", 8000), packet("k10", 10_000));
    expect(stage.texts).toEqual(["[A0 V0] k0@0 i1@1000", "-", "-", "-", "[A0 V0] k8@8000"]);
    expect(stage.durations.reduce((sum, each) => sum + each, 0)).toBe(10_000);
    const dates = stage.segments.map(({ dateMs }) => dateMs);
    for (const [at, { durationMs }] of stage.segments.slice(0, -1).entries())
      expect((dates[at] ?? 0) + durationMs).toBe(dates[at + 1] ?? 0);
  });

  test("one frame each half minute keeps the segments coming", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...[0, 30_000, 60_000].map((time) => packet(`k${time}`, time)));
    expect(stage.numbers).toEqual(Array.from({ length: 31 - 1 }, (_, at) => FIRST + at).slice(0, stage.numbers.length));
    expect(stage.numbers.length).toBe(16);
  });
});

describe("a new span", () => {
  test("with a discontinuity, the clock begins again, and the segment before ends with its packets", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    const first = epoch();
    stage.take(first, ...video(0, 3000, 2000, 1000));
    const next = extendEpoch(endEpoch(first, 2000), { from: 5000, wall: WALL + 9000, gop: 2000, discontinuity: true });
    stage.take(next as Epoch, packet("V1", 5000), packet("k5", 5000), packet("i6", 6000), packet("k7", 7000));
    expect(stage.texts).toEqual(["[A0 V0] k0@0 i1000@1000", "[A0 V0] k2000@2000", "[A0 V1] k5@0 i6@1000"]);
    expect(stage.durations).toEqual([2000, 1, 2000]);
    expect(stage.numbers).toEqual([FIRST, FIRST + 1, FIRST + 2]);
    expect(stage.segments.map(({ opens }) => opens)).toEqual([false, false, true]);
    const [a, b, c] = stage.segments.map(({ discontinuity }) => discontinuity);
    expect([a, (c ?? 0) - (a ?? 0), b]).toEqual([a, 1, a]);
  });

  test("frames before its first key frame are in no segment", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    const first = epoch();
    stage.take(first, ...video(0, 2000, 2000, 1000));
    const next = extendEpoch(endEpoch(first, 1000), { from: 4980, wall: WALL + 9000, gop: 2000, discontinuity: true });
    stage.take(next as Epoch, packet("a1", 4980), packet("k5", 5000), packet("k7", 7000), packet("k9", 9000));
    expect(stage.texts).toEqual(["[A0 V0] k0@0 i1000@1000", "[A0 V0] k5@20", "[A0 V0] k7@2020"]);
  });

  test("the rest after its last whole slot is no segment of its own without a key frame", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    const first = epoch();
    stage.take(first, ...video(0, 3000, 2000, 1000), packet("i3", 3950), packet("i4", 4010));
    stage.segmenter.end(endEpoch(first, 4010, 2000));
    expect(stage.texts).toEqual(["[A0 V0] k0@0 i1000@1000", "[A0 V0] k2000@2000 i3@3950 i4@4010"]);
    expect(stage.durations).toEqual([2000, 2011]);
  });

  test("without a discontinuity, the clock continues", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    const first = epoch(0);
    stage.take(first, packet("k0", 0), packet("i3", 3000));
    const next = extendEpoch(first, { from: 4500, wall: undefined, gop: 4500, discontinuity: false });
    stage.take(next as Epoch, packet("k4", 4500), packet("k9", 9000), packet("k13", 13_500));
    expect(stage.texts).toEqual(["[A0 V0] k0@0", "[A0 V0] i3@3000", "-", "[A0 V0] k4@4500 k9@9000"]);
    expect(stage.durations).toEqual([3000, 900, 600, 9000]);
    expect(stage.segments.at(-1)?.targetSeconds).toBe(11);
  });

  test("an epoch that replaces another has greater numbers", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    const first = epoch();
    stage.take(first, ...video(0, 4100, 2000, 1000));
    const other = beginEpoch("f".repeat(32), WALL + 6000, 6000, 2000, endEpoch(first, 4000));
    stage.take(other, ...video(6000, 8100, 2000, 1000));
    expect(stage.texts).toEqual([
      "[A0 V0] k0@0 i1000@1000",
      "[A0 V0] k2000@2000 i3000@3000",
      "[A0 V0] k4000@4000",
      "[A0 V0] k6000@0 i7000@1000",
    ]);
    const [, , before = 0, after = 0] = stage.numbers;
    expect(after).toBeGreaterThan(before);
    expect(stage.segments.at(-1)?.epoch).toBe("f".repeat(32));
  });
});

describe("packets that are missing", () => {
  test("a server that gets a span from its first key frame on has all of its slot", () => {
    for (const [start, first] of [
      [500, FIRST],
      [undefined, FIRST + 1],
    ] as const) {
      const stage = new SegmenterStage();
      stage.segmenter.begin(HEADERS);
      const told = start === undefined ? epoch() : startSpan(epoch(), start);
      stage.take(told, packet("k500", 500), packet("k2000", 2000), packet("k4000", 4000));
      expect(stage.numbers[0]).toBe(first);
      expect(stage.segments.every(({ damaged }) => !damaged)).toBe(true);
    }
  });

  test("a server that starts inside a slot lists nothing of it", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(3000, 8100, 2000, 1000));
    expect(stage.texts).toEqual(["[A0 V0] k4000@4000 i5000@5000", "[A0 V0] k6000@6000 i7000@7000"]);
  });

  test("a server that starts with a span's first packet has the first segment whole, even if that begins with a later key frame", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), packet("a0", 0), packet("k23", 23), packet("a40", 40), packet("k2", 2023));
    expect(stage.texts).toEqual(["[A0 V0] k23@23 a40@40"]);
  });

  test("a server that starts with the span has its first segment whole", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(0, 2100, 2000, 1000));
    expect(stage.texts.length).toBe(1);
  });

  test("segments with a loss are marked, and slots that are lost as a whole have no bytes", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(0, 3500, 2000, 500));
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(9000, 14_100, 2000, 500).slice(2));
    expect(stage.segments.map(({ damaged, bytes }) => [damaged, bytes !== undefined])).toEqual([
      [false, true],
      [true, true],
      [false, false],
      [false, false],
      [false, false],
      [true, true],
      [false, true],
    ]);
  });
});

describe("limits", () => {
  test("a segment has at most 64 MB, even if frames are large and time stands still", () => {
    const stage = new SegmenterStage();
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), packet("k0", 0));
    const huge = packet("i1", 0, 8_000_000);
    for (let count = 0; count < 20; count++) stage.take(epoch(), huge);
    stage.take(epoch(), packet("k2", 2000), packet("k4", 4000));
    expect(stage.overflows).toBe(1);
    expect(stage.texts[0]?.split(" ").length).toBe(2 + 1 + 8);
    expect(stage.texts[1]).toBe("[A0 V0] k2@2000");
  });

  test("video in presentation order that can't be carried is refused until the clock begins again", () => {
    const open: OpenWriter = (headers, reordered) => (reordered ? "no decoding times" : new TextWriter(headers));
    const stage = new SegmenterStage(2000, open);
    stage.segmenter.begin(HEADERS);
    const first = epoch();
    stage.take(first, packet("k0", 0), packet("i2", 80), packet("i1", 40), packet("k2", 2000));
    expect(stage.refused).toEqual(["no decoding times"]);
    const next = extendEpoch(endEpoch(first, 2000), { from: 5000, wall: WALL + 9000, gop: 2000, discontinuity: true });
    stage.take(next as Epoch, ...video(5000, 7100, 1000, 1000));
    expect(stage.texts).toEqual(["[A0 V0] k5000@0 k6000@1000"]);
  });

  test("codecs that can't be carried are refused with the reason", () => {
    const stage = new SegmenterStage(2000, () => "MPEG-TS does not carry AV1");
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(0, 4100));
    expect(stage.refused).toEqual(["MPEG-TS does not carry AV1"]);
    expect(stage.segments).toEqual([]);
  });
});
