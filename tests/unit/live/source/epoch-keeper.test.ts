import { describe, expect, test } from "bun:test";
import { dateAt, type Epoch, locate, MAX_SPANS, type Span } from "../../../../src/live/source/epoch.ts";
import { readEpoch } from "../../../../src/live/source/epoch-text.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { gops, spanLines, epochStage as stage, WALL } from "../../../support/epoch-stage.ts";
import { type Feed, LiveStage } from "../../../support/live.ts";

const FIRST = "1".padStart(32, "0");
const SECOND = "2".padStart(32, "0");

/** The number of the segment of 2 s in which a time lies. */
function numberAt(epoch: Epoch | undefined, time: number): number {
  return epoch === undefined ? Number.NaN : (locate(epoch, 2000, time)?.number ?? Number.NaN);
}

describe("a stream whose source sends no epoch", () => {
  test("has one from its first frame on, at the clock's date", () => {
    const { live, stream, spans, id } = stage();
    live.clock.advance(700);
    const feed = live.publish();
    feed.time = 5000;
    feed.metadata().headers();
    expect(stream.epochs.epoch).toBeUndefined();
    feed.audio("a0").key("k0");
    expect(id()).toBe(FIRST);
    expect(spans()).toEqual(["5000- date+700 gop 0"]);
  });

  test("records a span's first key frame if audio came before it", () => {
    const { live, stream } = stage();
    const feed = live.publish().headers().audio("a0").wait(40);
    expect(stream.epochs.epoch?.spans[0].start).toBeUndefined();
    feed.key("k0").wait(1000).key("k1").end("lost");
    live.publish().headers().key("j0");
    expect(stream.epochs.epoch?.spans.map(({ start }) => start)).toEqual([40, undefined]);
  });

  test("records no first key frame for a span that ends with it", () => {
    const { live, stream } = stage();
    live.publish().headers().audio("a0").wait(40).headers("V1", "A1").key("k0");
    expect(stream.epochs.epoch?.spans.map(({ from, start }) => [from, start])).toEqual([
      [0, undefined],
      [40, undefined],
    ]);
    expect(readEpoch(stream.epochs.text ?? "")).toBeDefined();
  });

  test("has an epoch even without readers", () => {
    const live = new LiveStage();
    live.publish().headers().key("k0");
    expect(spanLines(live.stream().epochs.epoch)).toEqual(["0- date+0 gop 0"]);
  });

  test("continues in a new span when it is published again, by the clock's date after an outage", () => {
    const { live, spans } = stage();
    gops(live.publish().headers(), 2000).end("lost");
    live.clock.advance(600_000);
    const again = live.publish().headers().key("j0");
    expect(spans()).toEqual(["0-1501 date+0 gop 0", "1540- date+602000 gop 0 new"]);
    again.end("unpublished");
    expect(spans()[1]).toBe("1540-1541 date+602000 gop 0 new");
  });

  test("keeps its date from running back when the encoder was faster than the clock", () => {
    const { live, stream } = stage();
    const feed = live.publish().headers();
    // Three minutes in no time.
    for (let at = 0; at < 90; at++) feed.send(PacketKind.Video, new Uint8Array([0x17, 1, 0, 0, 0, at]), at * 2000);
    feed.end("unpublished");
    live.publish().headers().key("j0");
    const [before, after] = (stream.epochs.epoch as Epoch).spans as unknown as [Span, Span];
    expect(after.wall).toBe(dateAt(before, before.to as number));
  });

  test("keeps its date and numbers from running back when its timestamps do, which pass unchanged", () => {
    const { live, stream, id } = stage({ time_jitter: "off" });
    const feed = gops(live.publish().headers(), 2000, 2000, 2000);
    const numbers = [numberAt(stream.epochs.epoch, 4000)];
    for (const time of [3_600_000, 1000, 500]) {
      feed.time = time;
      gops(feed, 2000, 2000, 2000);
      numbers.push(numberAt(stream.epochs.epoch, time), numberAt(stream.epochs.epoch, time + 5500));
    }
    expect(id()).not.toBe(FIRST);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test("uses longer GOPs from the key frame on that shows them", () => {
    const { live, spans } = stage();
    const feed = gops(live.publish().headers(), 2000, 2000, 2000);
    expect(spans()).toEqual(["0-2000 date+0 gop 0", "2000- date+2000 gop 2000"]);
    gops(feed, 4000, 4000, 2000, 2000);
    expect(spans().slice(1)).toEqual(["2000-14000 date+2000 gop 2000", "14000- date+14000 gop 4000"]);
  });

  test("ignores one long GOP, which is a pause, GOPs of more than 30 s, and short ones", () => {
    const { live, spans } = stage();
    gops(live.publish().headers(), 1000, 1000, 9000, 1000, 1000, 35_000, 40_000, 1000);
    expect(spans()).toEqual(["0- date+0 gop 0"]);
  });

  test("records the last key frame of an ended span, if video is at its end", () => {
    const { live, stream } = stage();
    const keys = () => stream.epochs.epoch?.spans.map(({ key }) => key);
    const feed = gops(live.publish().headers(), 2000, 2000, 1500);
    expect(keys()).toEqual([0, undefined]);
    feed.end("lost");
    expect(keys()).toEqual([0, 4000]);
    const sound = live.publish().audioHeader("A0").audio("a0");
    sound.end("lost");
    expect(keys()).toEqual([0, 4000, undefined]);
    const mixed = gops(live.publish().headers(), 1000);
    // Its video stops, and its sound goes on.
    for (let at = 0; at < 150; at++) mixed.wait(100).audio(`a${at}`);
    mixed.end("lost");
    expect(keys()).toEqual([0, 4000, undefined, undefined]);
  });

  test("keeps the length of its GOPs when it is published again", () => {
    const { live, spans } = stage();
    gops(live.publish().headers(), 4000, 4000).end("lost");
    gops(live.publish().headers(), 4000, 4000);
    expect(spans().length).toBe(3);
    expect(spans()[2]).toBe("7540- date+8000 gop 4000 new");
  });

  test("continues in a new span at the key frame after its headers have changed", () => {
    const { live, spans } = stage();
    const feed = gops(live.publish().headers(), 1000);
    gops(feed.audio("a0").headers(), 1000);
    expect(spans().length).toBe(1);
    feed.audioHeader("A1").inter("p").audio("a1").wait(500);
    expect(spans().length).toBe(1);
    feed.key("k");
    expect(spans()).toEqual(["0-2500 date+0 gop 0", "2500- date+2500 gop 0 new"]);
    gops(feed.wait(500).videoHeader("V1"), 1000, 1000);
    expect(spans()[2]).toBe("3000- date+3000 gop 0 new");
    expect(spans().length).toBe(3);
  });

  test("continues in a new span at the first frame after its headers have changed, if it has no video", () => {
    const { live, spans } = stage();
    const feed = live
      .publish()
      .audioHeader("A0")
      .audio("a0")
      .wait(20)
      .audio("a1")
      .wait(20)
      .audioHeader("A0")
      .audio("a2");
    feed.wait(20).audioHeader("A1").audio("a3").wait(20).audio("a4");
    expect(spans()).toEqual(["0-60 date+0 gop 0", "60- date+60 gop 0 new"]);
  });

  test("continues in a new span when its audio continues in a codec without headers", () => {
    const { live, spans } = stage();
    const feed = live.publish().audioHeader("A0").audio("a0").wait(20);
    // MP3.
    feed
      .send(PacketKind.Audio, Uint8Array.of(0x2f, 1, 2, 3))
      .wait(20)
      .send(PacketKind.Audio, Uint8Array.of(0x2f, 1, 2, 4));
    expect(spans()).toEqual(["0-20 date+0 gop 0", "20- date+20 gop 0 new"]);
  });

  test("does not treat headers that come a moment later as a change", () => {
    const { live, spans } = stage();
    const feed = live.publish().videoHeader("V0").key("k0").wait(800).inter("p").audioHeader("A0").audio("a0");
    gops(feed.wait(200), 1000, 1000);
    expect(spans()).toEqual(["0- date+0 gop 0"]);
  });

  test("continues in a new span when a main track comes late, with or without a header", () => {
    for (const send of [
      (feed: Feed) => feed.audioHeader("A0").audio("a0"),
      // MP3.
      (feed: Feed) => feed.send(PacketKind.Audio, Uint8Array.of(0x2f, 1, 2, 3)),
    ]) {
      const { live, spans } = stage();
      const feed = gops(live.publish().videoHeader("V0"), 2000);
      gops(send(feed), 1000, 1000);
      expect(spans()).toEqual(["0-2000 date+0 gop 0", "2000- date+2000 gop 2000 new"]);
    }
  });

  test("continues in a new span at the first key frame when video comes late", () => {
    const { live, spans } = stage();
    const feed = live.publish().audioHeader("A0").audio("a0").wait(1000).audio("a1").wait(1000).videoHeader("V0");
    gops(feed.audio("a2").wait(1000), 2000);
    expect(spans()).toEqual(["0-3000 date+0 gop 0", "3000- date+3000 gop 0 new"]);
  });

  test("begins an epoch with greater numbers and dates when it has as many spans as it may", () => {
    const { live, stream, changes, id } = stage();
    for (let at = 0; at < MAX_SPANS; at++) gops(live.publish().headers(), 1000).end("lost");
    expect(id()).toBe(FIRST);
    const before = stream.epochs.epoch as Epoch;
    live.publish().headers().key("k0");
    const { epoch } = stream.epochs;
    expect(epoch?.id).toBe(SECOND);
    expect(epoch?.spans.length).toBe(1);
    for (const fragment of [500, 1000, 3000]) {
      const number = (one: Epoch, time: number) => locate(one, fragment, time)?.number as number;
      const last = before.spans.at(-1)?.to as number;
      expect(number(epoch as Epoch, epoch?.spans[0].from as number)).toBeGreaterThan(number(before, last - 1));
    }
    expect(changes.at(-1)).toBe(epoch);
  });

  test("knows the epoch of each packet in the log", () => {
    const { live, stream } = stage();
    for (let at = 0; at < MAX_SPANS; at++) live.publish().headers().key(`k${at}`).end("lost");
    const before = stream.log.end;
    live.publish().headers().key("k");
    expect(stream.epochs.at(before - 1)?.id).toBe(FIRST);
    // The headers of the new source are before its first frame.
    expect(stream.epochs.at(before + 1)?.id).toBe(FIRST);
    expect(stream.epochs.at(before + 2)?.id).toBe(SECOND);
  });

  test("begins a new epoch when its timestamps run back and pass unchanged", () => {
    const { live, stream, id } = stage({ time_jitter: "off" });
    const feed = live.publish().headers();
    feed.time = 50_000;
    gops(feed, 2000, 2000);
    feed.time = 1000;
    feed.key("k");
    expect(id()).toBe(SECOND);
    expect(stream.epochs.epoch?.spans[0]).toMatchObject({ from: 1000, discontinuity: true });
    expect(stream.epochs.epoch?.spans[0].wall).toBeGreaterThanOrEqual(WALL + 4000 - 2000);
  });

  test("begins with a later number when it was forgotten and comes again", () => {
    const live = new LiveStage();
    live.publish().headers().key("k0").end("unpublished");
    expect(live.streams.size).toBe(0);
    live.clock.advance(10_000);
    live.publish().headers().key("k0");
    const { epoch } = live.stream().epochs;
    expect(epoch?.id).toBe(SECOND);
    expect(epoch?.spans[0].wall).toBe(WALL + 10_000);
  });
});

describe("a source that takes over", () => {
  function pair(headers: readonly [string, string]) {
    const staged = stage();
    const { live } = staged;
    const a = live.publish("show", "a").headers("V", "A");
    const b = live.publish("show", "b", { onConflict: "standby" }).headers(...headers);
    for (let at = 0; at < 3; at++) {
      a.key(`a${at}`).audio(`as${at}`);
      b.key(`b${at}`).audio(`bs${at}`);
      live.wait(1000, a, b);
    }
    a.end("lost");
    b.key("b3").audio("bs3");
    return staged;
  }

  test("continues in the same span with the same headers", () => {
    const { spans, stream } = pair(["V", "A"]);
    expect(stream.source?.info.id).toBe("b");
    expect(spans()).toEqual(["0- date+0 gop 0"]);
  });

  test("begins a new span with other headers", () => {
    const { spans } = pair(["V", "B"]);
    expect(spans().length).toBe(2);
    expect(spans()[1]).toEndWith("new");
  });
});

test("a reader that loses packets is notified when it continues", () => {
  const live = new LiveStage({ queue_length: 2 });
  const stream = live.stream();
  const told: string[] = [];
  let room = 2;
  const sink = { send: () => told.push("bytes") > 0 && --room > 0 };
  const reader = stream.join(live.format(), sink, { skipped: () => told.push("skipped") });
  const feed = live.publish().headers();
  for (let at = 0; at < 5; at++) feed.gop(`k${at}`, 24);
  room = 100;
  reader.drained();
  live.clock.settle();
  expect(reader.lost).toBeGreaterThan(0);
  expect(told.filter((what) => what === "skipped")).toEqual(["skipped"]);
  expect(told.indexOf("skipped")).toBe(2);
});
