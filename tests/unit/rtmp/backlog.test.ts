import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { Backlog, type BacklogOwner, type HeldMessage, type Request } from "../../../src/rtmp/backlog.ts";
import { MessageType } from "../../../src/rtmp/messages.ts";

const { Audio, Video, DataAmf0, CommandAmf0, Aggregate } = MessageType;

/** A video frame, or another message, of so many bytes. */
const frame = (bytes: number) => new Uint8Array(bytes).fill(0x27);
const avcHeader = Uint8Array.of(0x17, 0, 0, 0, 0, 1);
const newRequest = (): Request => ({ waits: true, answered: false });

/** A backlog, and a request whose answer the test gives. */
class Stage implements BacklogOwner {
  readonly made: Backlog;
  readonly request = newRequest();
  readonly delivered: HeldMessage[] = [];
  readonly turns: (() => void)[] = [];

  constructor(maxBytes = 100_000) {
    this.made = new Backlog(maxBytes, this);
  }

  deliver(message: HeldMessage): void {
    this.delivered.push(message);
  }

  soon(work: () => void): void {
    this.turns.push(work);
  }

  hold(type: number, time: number, payload: Uint8Array, request = this.request): void {
    this.made.hold(request, type, 1, time, payload);
  }

  /** Says yes to a request; what is worked on in this turn and those that follow. */
  answer(request = this.request): HeldMessage[] {
    request.answered = true;
    this.made.release(request);
    for (let turn = this.turns.shift(); turn !== undefined; turn = this.turns.shift()) turn();
    return this.delivered.splice(0);
  }
}

const times = (messages: readonly HeldMessage[]) => messages.map(({ timestamp }) => timestamp);

describe("A backlog", () => {
  test("delivers in order the messages that waited for an answer, once, and keeps those that wait for others", () => {
    const stage = new Stage();
    const other = newRequest();
    stage.hold(Video, 1, frame(10));
    stage.hold(Video, 2, frame(10), other);
    stage.hold(CommandAmf0, 3, frame(10));
    expect(times(stage.answer())).toEqual([1, 3]);
    expect(times(stage.answer())).toEqual([]);
    expect([stage.request.waits, other.waits]).toEqual([false, true]);
    expect(times(stage.answer(other))).toEqual([2]);
    expect(stage.made.bytes).toBe(0);
  });

  test("copies audio and video, which are lent, and nothing else", () => {
    const stage = new Stage();
    const payloads = [Audio, Video, DataAmf0, CommandAmf0].map((type) => {
      const payload = frame(10);
      stage.hold(type, 0, payload);
      return payload;
    });
    const same = stage.answer().map(({ payload }, at) => payload === payloads[at]);
    expect(same).toEqual([false, false, true, true]);
  });

  test("delivers in turns, during which more messages may come and wait after the rest", () => {
    const stage = new Stage(1_000_000);
    for (let time = 0; time < 100; time++) stage.hold(Video, time, frame(10));
    stage.request.answered = true;
    stage.made.release(stage.request);
    const first = stage.delivered.length;
    expect(first).toBeLessThan(50);
    expect(stage.made.blocks(stage.request)).toBe(true);
    stage.hold(Video, 100, frame(500_000));
    stage.hold(Video, 101, frame(1));
    stage.turns.shift()?.();
    // Each that comes meanwhile brings two forward, so that it never takes longer than they come.
    expect(stage.delivered.length).toBe(2 * first + 4);
    expect(times(stage.answer())).toEqual(Array.from({ length: 102 }, (_, time) => time));
    expect([stage.request.waits, stage.made.bytes]).toEqual([false, 0]);
  });

  test("delivers no more than 64 KiB, and one message, in a turn", () => {
    const stage = new Stage(1_000_000);
    for (let time = 0; time < 10; time++) stage.hold(Video, time, frame(50_000));
    stage.request.answered = true;
    stage.made.release(stage.request);
    expect(times(stage.delivered)).toEqual([0, 1]);
    stage.made.finish(stage.request);
    expect(times(stage.delivered)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("delivers nothing that was dropped, even if its turn is due, and nothing before the next answer", () => {
    const stage = new Stage(1_000_000);
    for (let time = 0; time < 100; time++) stage.hold(Video, time, frame(10));
    stage.request.answered = true;
    stage.made.release(stage.request);
    stage.made.forget(stage.request);
    stage.delivered.length = 0;
    expect(stage.made.bytes).toBe(0);
    Object.assign(stage.request, newRequest());
    stage.hold(Video, 100, frame(10));
    for (const turn of stage.turns.splice(0)) turn();
    expect(stage.delivered).toEqual([]);
    expect(times(stage.answer())).toEqual([100]);
  });

  test("lets delivered messages pass, and keeps those for other requests waiting", () => {
    const stage = new Stage();
    const other = newRequest();
    const blocked: boolean[][] = [];
    stage.deliver = () => blocked.push([stage.made.blocks(stage.request), stage.made.blocks(other)]);
    stage.hold(Video, 1, frame(1));
    stage.answer();
    expect(blocked).toEqual([[false, true]]);
  });

  test("drops the oldest frames when there is no room, and keeps headers, metadata and commands", () => {
    const stage = new Stage(50_000);
    stage.hold(DataAmf0, 0, frame(100));
    stage.hold(Video, 1, avcHeader);
    stage.hold(Audio, 2, Uint8Array.of(0xaf, 0, 0x12, 0x10));
    stage.hold(CommandAmf0, 3, frame(50));
    for (let time = 10; time < 30; time++) stage.hold(time === 15 ? Aggregate : Video, time, frame(5000));
    expect(stage.made.bytes).toBeLessThanOrEqual(50_000);
    const kept = times(stage.answer());
    expect(kept.slice(0, 4)).toEqual([0, 1, 2, 3]);
    const frames = kept.slice(4);
    expect(frames.at(-1)).toBe(29);
    expect(frames).toEqual(Array.from({ length: frames.length }, (_, at) => 30 - frames.length + at));
    expect(stage.made.takeDropped()).toBe(20 - frames.length);
    expect(stage.made.takeDropped()).toBe(0);
  });

  test("refuses more than a quarter of its room for messages that are never dropped", () => {
    const stage = new Stage(10_000);
    const headers = () => {
      for (let at = 0; at < 100; at++) stage.hold(Video, at, avcHeader);
    };
    expect(headers).toThrow(ProtocolError);
    expect(stage.made.bytes).toBeLessThanOrEqual(2500);
    stage.hold(Video, 100, frame(5000));
    expect(times(stage.answer()).at(-1)).toBe(100);
  });

  test("holds no frame that is longer than its room, and no more than its room however small they are", () => {
    const stage = new Stage(10_000);
    stage.hold(Video, 1, frame(20_000));
    for (let at = 0; at < 1000; at++) stage.hold(Audio, at, frame(1));
    expect(stage.made.bytes).toBeLessThanOrEqual(10_000);
    expect(stage.answer().length).toBeLessThan(100);
  });

  test("examines each message a few times at most while it overflows", () => {
    const stage = new Stage(1_000_000);
    let looks = 0;
    class Watched extends Uint8Array {
      override get length(): number {
        looks++;
        return super.length;
      }
    }
    const payload = new Watched(20).fill(0x27);
    payload.slice = () => payload;
    for (let at = 0; at < 100_000; at++) stage.hold(Video, at, payload);
    expect(stage.made.bytes).toBeLessThanOrEqual(1_000_000);
    expect(looks).toBeGreaterThan(100_000);
    expect(looks).toBeLessThan(3_000_000);
  });
});
