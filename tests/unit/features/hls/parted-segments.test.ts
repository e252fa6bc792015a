import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { beginEpoch, type Epoch, endEpoch, extendEpoch } from "../../../../src/live/source/epoch.ts";
import type { Packet } from "../../../../src/media/packet.ts";
import { packet, SegmenterStage } from "../../../support/segments.ts";

const ID = "0123456789abcdef0123456789abcdef";
const WALL = 1_700_000_000_000;
const FIRST = WALL / 2000;
const HEADERS = [packet("A0", 0), packet("V0", 0)];
const epoch = (gop = 2000): Epoch => beginEpoch(ID, WALL, 0, gop);

/** Video with a key frame each `gop` ms and a frame each `step` ms, in [from, to). */
function video(from: number, to: number, gop = 2000, step = 250): Packet[] {
  const packets: Packet[] = [];
  for (let time = from; time < to; time += step) packets.push(packet(`${time % gop === 0 ? "k" : "i"}${time}`, time));
  return packets;
}

/** A stage that cuts parts of half a second at most, with these frames. */
function stageOf(...packets: readonly Packet[]): SegmenterStage {
  const stage = SegmenterStage.withParts(500);
  stage.segmenter.begin(HEADERS);
  return stage.take(epoch(), ...packets);
}

const placesOf = ({ parts }: SegmenterStage) => parts.map(({ segment, index }) => `${segment.number - FIRST}.${index}`);

describe("parts", () => {
  test("end before the first picture that comes 85 % of the longest duration after their beginning", () => {
    const stage = stageOf(...video(0, 2000, 2000, 90));
    expect(stage.parts.map(({ durationMs }) => durationMs)).toEqual([450, 450, 450, 450]);
    expect(stage.parts[0]?.text).toBe("(k0@0 i90@90 i180@180 i270@270 i360@360+ i450)");
    expect(stage.parts.map(({ independent }) => independent)).toEqual([true, false, false, false]);
    expect(placesOf(stage)).toEqual(["0.0", "0.1", "0.2", "0.3"]);
    expect(stage.segments).toEqual([]);
  });

  test("end where their segment does, and together they are its bytes", () => {
    const stage = stageOf(...video(0, 4001));
    expect(stage.parts.length).toBe(8);
    expect(stage.texts).toEqual(
      [0, 4].map((at) =>
        stage.parts
          .slice(at, at + 4)
          .map(({ text }) => text)
          .join(""),
      ),
    );
    expect(stage.parts[3]?.text).toBe("(i1500@1500 i1750@1750. k2000)");
    expect(stage.parts[4]?.segment).toMatchObject({ epoch: ID, number: FIRST + 1, dateMs: WALL + 2000 });
    const views = stage.segments[0]?.parts?.map(({ bytes }) => new TextDecoder().decode(bytes));
    expect(views).toEqual(stage.parts.slice(0, 4).map(({ text }) => text));
  });

  test("begin with a picture where audio comes between pictures, and without one where none comes", () => {
    const sound = [300, 440, 460, 740, 990, 1250, 1499, 1500].map((time) => packet(`a${time}`, time));
    const stage = stageOf(packet("k0", 0), ...sound.slice(0, 3), packet("i480", 480), ...sound.slice(3));
    expect(stage.parts.map(({ text }) => text)).toEqual([
      "(k0@0 a300@300 a440@440 a460@460+ i480)",
      "(i480@480 a740@740+ a990)",
      "(a990@990 a1250@1250+ a1499)",
    ]);
  });

  test("of audio without video are all independent", () => {
    const stage = SegmenterStage.withParts(500);
    stage.segmenter.begin([packet("A0", 0)]);
    stage.take(epoch(0), ...[0, 400, 430, 900, 1950, 2000].map((time) => packet(`a${time}`, time)));
    expect(stage.parts.map(({ text }) => text)).toEqual([
      "(a0@0 a400@400+ a430)",
      "(a430@430+ a900)",
      "(a900@900. a1950)",
    ]);
    expect(stage.parts.every(({ independent }) => independent)).toBe(true);
  });

  test("are longer if pictures come more rarely", () => {
    expect(stageOf(...video(0, 4001, 2000, 1000)).parts.map(({ durationMs }) => durationMs)).toEqual([
      1000, 1000, 1000, 1000,
    ]);
  });
});

describe("slots without key frames", () => {
  const inters = (from: number, to: number) => video(from, to, Number.POSITIVE_INFINITY).map((each) => each);

  test("begin with the part that is open when the one before ends, so that nothing is withdrawn", () => {
    const stage = stageOf(packet("k0", 0), ...inters(250, 4300), packet("k4500", 4500), packet("k6000", 6000));
    // Slots begin 100 ms early.
    expect(stage.durations).toEqual([3500, 1000, 1500]);
    expect(stage.segments.map(({ independent }) => independent)).toEqual([true, false, true]);
    expect(placesOf(stage)).toEqual(["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "1.0", "1.1", "2.0"]);
    expect(stage.segments.every(({ targetSeconds }) => targetSeconds === 4)).toBe(true);
  });

  test("are cut even if minutes pass without one", () => {
    const stage = stageOf(packet("k0", 0), ...inters(250, 120_000));
    expect(stage.segments.length).toBe(58);
    expect(new Set(stage.durations.slice(1))).toEqual(new Set([2000]));
    expect(stage.numbers).toEqual(stage.numbers.map((_, at) => FIRST + at));
  });

  test("belong to the segment before at the end of a span", () => {
    const stage = stageOf(packet("k0", 0), ...inters(250, 2600));
    stage.segmenter.end(endEpoch(epoch(), 2500, 0));
    expect(stage.numbers).toEqual([FIRST]);
    expect(stage.durations).toEqual([2501]);
    const { text } = stage.parts.at(-1) ?? {};
    expect(text).toBe("(i2500@2500.)");
  });

  test("without packets are gaps before the next part", () => {
    const stage = stageOf(...video(0, 1000), packet("i6500", 6500), packet("k8000", 8000), packet("k8500", 8500));
    expect(stage.texts.map((text) => text === "-")).toEqual([false, true, true, false]);
    expect(placesOf(stage).slice(-3)).toEqual(["0.1", "3.0", "4.0"]);
  });
});

describe("missing packets", () => {
  test("damage all parts after them, up to the next segment", () => {
    const stage = stageOf(...video(0, 600));
    stage.segmenter.lost();
    stage.take(epoch(), ...video(1000, 2600));
    expect(stage.parts.map(({ damaged }) => damaged)).toEqual([false, true, true, false]);
  });

  test("at a slot's beginning keep the slot's parts out of the playlist", () => {
    const stage = SegmenterStage.withParts(500);
    stage.segmenter.begin(HEADERS);
    stage.take(epoch(), ...video(2000, 5000, 1000));
    expect([...new Set(stage.parts.map(({ segment }) => segment.number - FIRST))]).toEqual([2]);
    expect(stage.segments).toEqual([]);
  });

  test("at a discontinuity end the part and the segment", () => {
    const before = epoch();
    const stage = stageOf(...video(0, 2400));
    const after = extendEpoch(before, { from: 2400, key: 2000, wall: undefined, gop: 2000, discontinuity: true });
    stage.take(after as Epoch, packet("k2400", 2400), packet("i2900", 2900), packet("i3400", 3400));
    const [last, first] = stage.parts.slice(-3).map(({ text }) => text);
    expect([last, first]).toEqual(["(k2000@2000 i2250@2250.)", "(k2400@0+ i2900)"]);
    expect(stage.durations).toEqual([2000, 400]);
  });
});

/** Frames of an encoder that does what it likes. */
const programme = fc
  .record({
    gops: fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 3, maxLength: 12 }),
    step: fc.integer({ min: 15, max: 400 }),
    sound: fc.boolean(),
  })
  .map(({ gops, step, sound }) => {
    const packets: Packet[] = [];
    let time = 0;
    for (const frames of gops)
      for (let at = 0; at < frames; at++, time += step) {
        packets.push(packet(`${at === 0 ? "k" : "i"}${time}`, time));
        if (sound) packets.push(packet(`a${time}`, time + 7));
      }
    return { packets, step };
  });

describe("of any encoder", () => {
  test("segments are their parts, none is longer than the target duration, and none is too short", () => {
    fc.assert(
      fc.property(programme, fc.integer({ min: 200, max: 1000 }), ({ packets, step }, ms) => {
        const stage = SegmenterStage.withParts(ms);
        stage.segmenter.begin(HEADERS);
        stage.take(epoch(), ...packets);
        stage.segmenter.end(endEpoch(epoch(), packets.at(-1)?.time ?? 0, 0));
        for (const { parts = [], durationMs, bytes, targetSeconds } of stage.segments) {
          expect(Math.round(durationMs / 1000)).toBeLessThanOrEqual(targetSeconds);
          expect(parts.reduce((sum, part) => sum + part.durationMs, 0)).toBe(durationMs);
          expect(Buffer.concat(parts.map((part) => part.bytes))).toEqual(Buffer.from(bytes ?? []));
          for (const { durationMs: part } of parts.slice(0, -1)) expect(part).toBeGreaterThanOrEqual(0.85 * ms);
          for (const { durationMs: part } of parts) expect(part).toBeLessThanOrEqual(Math.max(ms, 0.85 * ms + step));
        }
        const all = stage.segments.flatMap(({ parts = [] }) =>
          parts.map((part) => new TextDecoder().decode(part.bytes)),
        );
        expect(stage.parts.map(({ text }) => text)).toEqual(all);
        expect(stage.segments.every(({ damaged }) => !damaged)).toBe(true);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  test("on a server that started later, parts and segments are the same as soon as it has any", () => {
    fc.assert(
      fc.property(programme, fc.double({ min: 0, max: 1, noNaN: true }), ({ packets }, share) => {
        const [first, late] = [SegmenterStage.withParts(300), SegmenterStage.withParts(300)];
        for (const stage of [first, late]) stage.segmenter.begin(HEADERS);
        first.take(epoch(), ...packets);
        const keys = packets.flatMap(({ flags }, at) => (flags === 1 ? [at] : []));
        late.take(epoch(), ...packets.slice(keys[Math.floor(share * (keys.length - 1))]));
        expect(first.parts.slice(first.parts.length - late.parts.length)).toEqual(late.parts);
        const told = late.segments.map(({ number, durationMs, bytes }) => ({ number, durationMs, bytes }));
        const same = first.segments.slice(first.segments.length - told.length);
        expect(same.map(({ number, durationMs, bytes }) => ({ number, durationMs, bytes }))).toEqual(told);
      }),
      { numRuns: 50, seed: 2 },
    );
  });
});
