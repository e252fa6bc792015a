import { describe, expect, test } from "bun:test";
import { PlayerTotals } from "../../../src/loadgen/player-totals.ts";
import { StreamCheck } from "../../../src/loadgen/stream-check.ts";
import { silentFrame } from "../../../src/loadgen/synthetic-audio.ts";
import { SyntheticFrame } from "../../../src/loadgen/synthetic-frame.ts";

/** One player of frames that a test picks. */
class Stage {
  readonly totals = new PlayerTotals();
  readonly #check: StreamCheck;

  constructor(whole = true) {
    this.#check = new StreamCheck(this.totals, whole);
    this.#check.header();
  }

  /** Video frames by their numbers, 40 ms each; every tenth is a key frame. */
  video(sequences: readonly number[], source = 1): this {
    for (const sequence of sequences) {
      const frame = new SyntheticFrame(sequence % 10 === 0, 400);
      frame.stamp(source, sequence, 1000 + sequence, sequence % 10);
      expect(this.#check.video(sequence * 40, frame.payload, sequence % 10 === 0)).toBe(1000 + sequence);
    }
    return this;
  }

  /** Audio frames by their numbers, 32 ms each. */
  audio(numbers: readonly number[], payload = silentFrame(100)): this {
    for (const number of numbers) this.#check.audio(number * 32, payload);
    return this;
  }

  /** A video frame as somebody else's encoder makes it. */
  foreign(timestamp: number, key: boolean): this {
    expect(this.#check.video(timestamp, Uint8Array.from([key ? 0x17 : 0x27, 1, 0, 0, 0]), key)).toBe(0);
    return this;
  }

  raw(payload: Uint8Array, timestamp = 0): this {
    this.#check.video(timestamp, payload, payload[0] === 0x17);
    return this;
  }

  /** What is not as it should be. */
  get findings() {
    const { lost, gaps, dirty, corrupt, disordered, ranBack } = this.totals;
    const all = {
      lostVideo: lost.video,
      lostAudio: lost.audio,
      gaps,
      dirty,
      corrupt,
      disordered,
      backVideo: ranBack.video,
      backAudio: ranBack.audio,
    };
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
  }
}

describe("no fault is found in", () => {
  test("a whole stream from a key frame on", () => {
    const stage = new Stage().video([10, 11, 12]).audio([5, 6]).video([13, 14]).audio([7]);
    expect(stage.findings).toEqual({});
    expect(stage.totals.frames).toEqual({ video: 5, audio: 3 });
    expect(stage.totals.synthetic).toBe(true);
  });

  test("another publisher that takes over on a key frame", () => {
    expect(new Stage().video([10, 11]).video([20, 21], 2).findings).toEqual({});
  });

  test("a 32-bit timestamp that wraps", () => {
    expect(new Stage().foreign(0xfffffff0, true).foreign(24, false).findings).toEqual({});
  });

  test("another encoder's stream from a key frame on, with audio of any length", () => {
    const stage = new Stage().foreign(0, true).audio([0, 5, 6]).foreign(400, false);
    expect(stage.findings).toEqual({});
    expect(stage.totals.synthetic).toBe(false);
  });
});

test("of another encoder that takes over a synthetic stream, no loss or changed content is reported, as neither can be known", () => {
  const other = Uint8Array.from([0xaf, 1, 1, 2, 3]);
  const stage = new Stage().video([10, 11]).audio([5]).foreign(480, true).audio([6, 9], other);
  expect(stage.findings).toEqual({});
});

describe("it is found that", () => {
  test("frames are missing, even if the stream continues with a key frame", () => {
    expect(new Stage().video([10, 11, 20, 21]).findings).toEqual({ lostVideo: 8, gaps: 1 });
  });

  test("a stream continues without a key frame", () => {
    expect(new Stage().video([10, 11, 13]).findings).toEqual({ lostVideo: 1, gaps: 1, dirty: 1 });
  });

  test("a stream begins without a key frame", () => {
    expect(new Stage().video([11, 12]).findings).toEqual({ dirty: 1 });
    expect(new Stage().foreign(0, false).foreign(40, true).findings).toEqual({ dirty: 1 });
  });

  test("a stream begins before its sequence header", () => {
    const totals = new PlayerTotals();
    const frame = new SyntheticFrame(true, 400);
    frame.stamp(1, 0, 0, 0);
    new StreamCheck(totals, false).video(0, frame.payload, true);
    expect(totals.dirty).toBe(1);
  });

  test("frames are repeated, each of them", () => {
    expect(new Stage().video([10, 11, 12, 11, 12, 13]).findings).toEqual({ disordered: 2, backVideo: 1 });
  });

  test("audio frames are missing", () => {
    expect(new Stage().video([10]).audio([1, 2, 5, 6]).findings).toEqual({ lostAudio: 2 });
  });

  test("time runs back, for each track alone", () => {
    expect(new Stage().video([10]).audio([9, 8, 9]).findings).toEqual({ backAudio: 1 });
    expect(new Stage().foreign(40, true).foreign(39, false).findings).toEqual({ backVideo: 1 });
  });

  test("a frame's content was changed, if all of it is compared", () => {
    const frame = new SyntheticFrame(true, 400);
    frame.stamp(1, 10, 0, 0);
    frame.payload[100] = 1;
    expect(new Stage(true).raw(frame.payload).findings).toEqual({ corrupt: 1 });
    expect(new Stage(false).raw(frame.payload).findings).toEqual({});
  });

  test("an audio frame's content was changed, if all of it is compared", () => {
    const changed = silentFrame(100).with(50, 1);
    expect(new Stage(true).video([10]).audio([1], changed).audio([2]).findings).toEqual({ corrupt: 1 });
    expect(new Stage(true).video([10]).audio([1], changed.subarray(0, 60)).findings).toEqual({ corrupt: 1 });
    expect(new Stage(false).video([10]).audio([1], changed).findings).toEqual({});
  });

  test("a frame was cut off, in any case", () => {
    const frame = new SyntheticFrame(true, 400);
    frame.stamp(1, 10, 0, 0);
    expect(new Stage(false).raw(frame.payload.subarray(0, 300)).findings).toEqual({ corrupt: 1 });
  });
});
