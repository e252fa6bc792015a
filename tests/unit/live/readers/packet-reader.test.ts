import { describe, expect, test } from "bun:test";
import { PacketLog } from "../../../../src/live/log/log.ts";
import { SlabPool } from "../../../../src/live/log/slabs.ts";
import { Fanout } from "../../../../src/live/readers/fanout.ts";
import { type PacketRange, packetFormat } from "../../../../src/live/readers/packet-reader.ts";
import { Reader } from "../../../../src/live/readers/reader.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FlvRecorder } from "../../../support/flv-recorder.ts";
import { LiveStage } from "../../../support/live.ts";

function recording(config = {}) {
  const stage = new LiveStage(config);
  const feed = stage.publish().metadata().headers().gop("k", 2);
  return { stage, feed, recorder: new FlvRecorder(stage.stream()) };
}

const begun = ["meta", "A0", "V0", "k", "k+1", "k+2"];

describe("A recorder of packets", () => {
  test("begins with the headers and the newest GOP, and gets what a player gets", () => {
    const { stage, feed, recorder } = recording();
    const viewer = stage.view();
    feed.gop("g", 2).audio("a").text("t").wait(40);
    expect(recorder.names).toEqual([...begun, "g", "g+1", "g+2", "a", "t"]);
    expect(recorder.names).toEqual(viewer.news());
    expect(recorder.times).toEqual([0, 0, 0, 0, 40, 80, 120, 160, 200, 240, 240]);
    expect(recorder.gaps).toEqual([]);
  });

  test("waits for a key frame when no GOP is kept", () => {
    const { feed, recorder } = recording({ gop_cache: false });
    feed.inter("late").wait(40).gop("g", 1);
    expect(recorder.names).toEqual(["meta", "A0", "V0", "g", "g+1"]);
  });

  test("that joins before the publisher begins with its first key frame", () => {
    const stage = new LiveStage();
    const recorder = new FlvRecorder(stage.stream());
    stage.publish().metadata().headers().gop("k", 2);
    expect(recorder.names).toEqual(begun);
    expect(recorder.told).toEqual(["published 0"]);
  });

  test("shares its ranges with all recorders at the same position", () => {
    const { stage, feed, recorder } = recording();
    const other = new FlvRecorder(stage.stream());
    feed.gop("g", 3);
    expect(other.names).toEqual(recorder.names);
    expect(recorder.ranges.length).toBeGreaterThan(2);
    expect(other.ranges.every((range, index) => range === recorder.ranges[index])).toBe(true);
  });

  test("gets nothing while its disk is full, then all of it in steps", () => {
    const { feed, recorder } = recording();
    recorder.disk.stall();
    feed.inter("full").wait(40);
    const handed = recorder.ranges.length;
    feed.gop("g", 19, 10_000);
    expect(recorder.ranges.length).toBe(handed);
    recorder.disk.drain();
    const steps = recorder.ranges.slice(handed);
    expect(steps.length).toBe(3);
    expect(steps.every(({ start, length }) => start === undefined && length < 64 * 1024 + 10_000)).toBe(true);
    expect(recorder.names.slice(begun.length, begun.length + 3)).toEqual(["full", "g", "g+1"]);
    expect(recorder.names.length).toBe(begun.length + 21);
    expect(recorder.gaps).toEqual([]);
    expect(recorder.reader.lost).toBe(0);
  });

  test("with a disk that is too slow continues with the headers and a key frame, and knows what is missing", () => {
    const { feed, recorder } = recording({ queue_length: 1 });
    recorder.disk.stall();
    feed.inter("full").wait(40).gop("g", 30).headers("V1", "A1").gop("h", 30).gop("i", 2);
    recorder.disk.drain();
    expect(recorder.names).toEqual([...begun, "full", "meta", "A1", "V1", "i", "i+1", "i+2"]);
    const [gap] = recorder.gaps;
    expect(recorder.gaps.length).toBe(1);
    expect(recorder.reader.lost).toBe((gap?.[1] ?? 0) - (gap?.[0] ?? 0));
    expect(recorder.reader.lost).toBe(31 + 2 + 31);
  });

  test("is notified of the end when its slow disk has the last packet", () => {
    const { stage, feed, recorder } = recording();
    recorder.disk.stall();
    feed.gop("g", 19, 10_000).end();
    stage.wait(60_000);
    expect(recorder.told).toEqual([]);
    recorder.disk.drain();
    expect(recorder.names.at(-1)).toBe("g+19");
    expect(recorder.told).toEqual([`unpublished ${begun.length + 20}`]);
    stage.stream().leave(recorder.reader);
    expect(stage.streams.size).toBe(0);
  });

  test("has one file of an encoder that comes back within the grace time", () => {
    const { stage, feed, recorder } = recording();
    feed.end("lost");
    stage.wait(2000);
    stage.publish("show", "again").metadata("meta2").headers("V2", "A2").gop("r", 1);
    expect(recorder.names).toEqual([...begun, "meta2", "A2", "V2", "r", "r+1"]);
    expect(recorder.times).toEqual(recorder.times.toSorted((a, b) => a - b));
    expect(recorder.told).toEqual([]);
    expect(recorder.gaps).toEqual([]);
  });

  test("is notified of the stop and the new start of a stream that comes back later", () => {
    const { stage, feed, recorder } = recording();
    feed.end();
    stage.publish("show", "again").metadata("meta2").headers("V2", "A2").gop("r", 1);
    expect(recorder.told).toEqual(["unpublished 6", "published 6"]);
    expect(recorder.names.slice(-2)).toEqual(["r", "r+1"]);
  });

  test("has one file of two sources, of which the second takes over", () => {
    const { stage, feed, recorder } = recording();
    const second = stage.publish("show", "b", { onConflict: "standby" });
    second.time = feed.time;
    second.headers("VB", "AB").gop("b", 2);
    feed.time = second.time;
    feed.gop("last", 1);
    feed.end("lost");
    second.wait(80).gop("c", 1);
    expect(recorder.names).toEqual([...begun, "last", "last+1", "AB", "VB", "b", "b+1", "b+2", "c", "c+1"]);
    expect(recorder.times).toEqual(recorder.times.toSorted((a, b) => a - b));
    expect(recorder.told).toEqual([]);
    expect(recorder.gaps).toEqual([]);
  });

  test("continues with audio when video stops, and with headers and a key frame when it comes back", () => {
    const { stage, feed } = recording();
    for (let i = 0; i < 120; i++) feed.audio(`away${i}`).wait(100);
    const recorder = new FlvRecorder(stage.stream());
    feed.inter("stray").audio("a1").wait(40);
    for (let i = 0; i < 120; i++) feed.audio(`b${i}`).wait(100);
    expect(recorder.names.filter((name) => /^(V|k|stray)/.test(name))).toEqual([]);
    expect(recorder.names.at(-1)).toBe("b119");
    feed.gop("back", 1);
    expect(recorder.names.slice(-5)).toEqual(["meta", "A0", "V0", "back", "back+1"]);
    expect(recorder.reader.lost).toBe(0);
  });

  test("that pauses continues where it stopped, or with the newest GOP", () => {
    const { stage, feed, recorder } = recording();
    const stream = stage.stream();
    stream.pause(recorder.reader);
    feed.inter("p").wait(40);
    stream.unpause(recorder.reader);
    expect(recorder.names).toEqual([...begun, "p"]);
    stream.pause(recorder.reader);
    feed.gop("g", 1).gop("h", 1);
    stream.unpause(recorder.reader);
    expect(recorder.names).toEqual([...begun, "p", "meta", "A0", "V0", "h", "h+1"]);
    expect(recorder.gaps.length).toBe(1);
    expect(recorder.reader.lost).toBe(0);
  });

  test("keeps nothing in memory while it is paused, and no more than its limit while its disk is full", () => {
    const { stage, feed, recorder } = recording({ gop_cache: false, queue_max_bytes: 100_000 });
    stage.stream().pause(recorder.reader);
    for (let i = 0; i < 20; i++) feed.gop(`g${i}`, 5, 10_000);
    expect(stage.stream().log.bytes).toBe(0);
    stage.stream().unpause(recorder.reader);
    recorder.disk.stall();
    for (let i = 0; i < 20; i++) feed.gop(`h${i}`, 5, 10_000);
    expect(stage.stream().log.bytes).toBeLessThanOrEqual(100_000);
  });
});

describe("A recorder whose disk is broken may leave during a packet", () => {
  test("that it gets at its own position", () => {
    const { stage, feed, recorder } = recording();
    recorder.disk.stall();
    feed.gop("g", 19, 10_000);
    const handed = recorder.ranges.length;
    recorder.onSend = () => stage.stream().leave(recorder.reader);
    recorder.disk.drain();
    expect(stage.stream().readerCount).toBe(0);
    feed.gop("h", 2);
    expect(recorder.ranges.length).toBe(handed + 1);
    expect(recorder.reader.state).toBe("closed");
  });

  test.each([true, false])("that all recorders get, whether there is room on the disk (%p)", (room) => {
    const { stage, feed, recorder } = recording();
    const viewer = stage.view();
    viewer.news();
    recorder.onSend = () => stage.stream().leave(recorder.reader);
    if (!room) recorder.disk.stall();
    feed.inter("last").wait(40);
    const handed = recorder.ranges.length;
    feed.gop("h", 1);
    recorder.disk.drain();
    expect(recorder.ranges.length).toBe(handed);
    expect(recorder.reader.state).toBe("closed");
    expect(stage.stream().readerCount).toBe(1);
    expect(viewer.news()).toEqual(["last", "h", "h+1"]);
  });
});

test("Packets of a round under way stay in the log until all readers have got them", () => {
  const log = new PacketLog(new SlabPool(new FakeClock()));
  for (let time = 0; time < 3; time++) log.append(PacketKind.Audio, time, Uint8Array.of(0xaf, 1, time), 0, 0);
  const startPoint = () => ({ seq: 0, time: 0, headers: [] });
  const fanout = new Fanout(
    packetFormat,
    { log, startPoint, waitingStart: startPoint, readerCaughtUp: () => undefined },
    1,
  );
  const had: number[] = [];
  const send = ({ from, to }: PacketRange) => had.push(from, to) > 0;
  for (let count = 0; count < 2; count++) fanout.admit(new Reader(fanout, { send }, {}), 0);
  fanout.begin(3);
  expect(fanout.run(1)).toBe(true);
  expect(fanout.dropBefore(0)).toBe(1);
  expect(fanout.run(1)).toBe(false);
  expect(fanout.dropBefore(0)).toBe(3);
  expect(had).toEqual([0, 1, 0, 1, 1, 3, 1, 3]);
});

test("A slice of a round ends after fewer readers when each gets much", () => {
  const log = new PacketLog(new SlabPool(new FakeClock()));
  const startPoint = () => undefined;
  const source = {
    log,
    startPoint,
    waitingStart: () => ({ seq: 0, time: 0, headers: [] }),
    readerCaughtUp: () => undefined,
  };
  const fanout = new Fanout(packetFormat, source, 0);
  let served = 0;
  for (let count = 0; count < 9; count++) fanout.admit(new Reader(fanout, { send: () => ++served > 0 }, {}), 0);
  const slices = (bytes: number) => {
    log.append(PacketKind.Audio, 0, new Uint8Array(bytes).fill(0x2f), 0, 0);
    fanout.begin(log.end);
    const counts: number[] = [];
    for (let more = true; more; ) {
      served = 0;
      more = fanout.run(8);
      counts.push(served);
    }
    return counts;
  };
  // At first all readers lag; then all are up to date.
  expect([slices(16 * 1024), slices(16 * 1024), slices(100)]).toEqual([
    [3, 3, 3],
    [3, 3, 3],
    [8, 1],
  ]);
});

test("Payloads that a recorder gets are the log's own", () => {
  const { stage, feed, recorder } = recording();
  let copies = 0;
  recorder.onSend = (range) =>
    range.forEach((packet) => {
      if (packet.payload.buffer !== stage.stream().log.at(range.from).payload.buffer) copies++;
    });
  feed.inter("one").wait(40).inter("two").wait(40);
  expect(recorder.names.slice(-2)).toEqual(["one", "two"]);
  expect(copies).toBe(0);
});
