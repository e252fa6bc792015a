import { describe, expect, test } from "bun:test";
import { dateAt, type Epoch, type Span } from "../../../../src/live/source/epoch.ts";
import { writeEpoch } from "../../../../src/live/source/epoch-text.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { gops, epochStage as stage, WALL } from "../../../support/epoch-stage.ts";
import type { Feed } from "../../../support/live.ts";

const FIRST = "1".padStart(32, "0");
const ID = "a".repeat(32);

/** An epoch with one span, in its sender's time. */
function told(from: number, more: Partial<Epoch> = {}): Epoch {
  return {
    id: ID,
    discontinuity: 7,
    ahead: 3,
    spans: [{ from, to: undefined, key: undefined, wall: WALL - 60_000, gop: 2000, discontinuity: false }],
    ...more,
  };
}

function tell(feed: Feed, epoch: Epoch, at = feed.time, lost = false, since = epoch.spans[0].from): void {
  expect(feed.source.receiveEpoch(writeEpoch({ epoch, at, since }), lost)).toBe(true);
}

describe("a stream whose source sends its epoch", () => {
  test("has that epoch, in its own time, from the first frame on", () => {
    const { live, stream, spans, id } = stage({ time_jitter: "zero" });
    const feed = live.publish();
    feed.time = 70_000;
    tell(feed, told(10_000));
    feed.headers();
    expect(stream.epochs.epoch).toBeUndefined();
    feed.key("k0");
    expect(id()).toBe(ID);
    expect(spans()).toEqual(["-60000- date+-60000 gop 2000"]);
    expect(stream.epochs.epoch).toMatchObject({ discontinuity: 7, ahead: 3 });
    expect(dateAt(stream.epochs.epoch?.spans[0] as Span, 0)).toBe(WALL);
  });

  test("has that epoch even if the sender's timestamps have wrapped since the span began", () => {
    const { live, stream } = stage();
    const feed = live.publish();
    const sent = 3 * 2 ** 32 + 500;
    feed.time = 500;
    tell(feed, told(sent - 2 ** 33), sent - 40);
    feed.headers().key("k0");
    expect(stream.epochs.epoch?.spans[0].from).toBe(500 - 2 ** 33);
  });

  test("has the same epoch when the sender's timestamps wrap", () => {
    const { live, stream, changes } = stage();
    const feed = live.publish();
    feed.time = 2 ** 32 - 1500;
    tell(feed, told(7000));
    gops(feed.headers(), 1000, 1000, 1000, 1000);
    tell(feed, told(7000));
    expect(stream.epochs.epoch?.spans[0].from).toBe(7000);
    expect(stream.log.timeAt(stream.log.end - 1)).toBe(2 ** 32 + 2000);
    expect(changes).toHaveLength(1);
  });

  test("adds nothing to that epoch", () => {
    const { live, changes } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    gops(feed, 5000, 5000, 5000);
    gops(feed.headers("V1", "A1"), 5000);
    feed.end("lost");
    expect(changes.length).toBe(1);
  });

  test("has the next span as soon as it is received", () => {
    const { live, spans, changes } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    feed.key("k0").wait(1000);
    const [first] = told(0).spans;
    const next = { ...first, from: 2000, wall: WALL, discontinuity: true };
    tell(feed, told(0, { spans: [{ ...first, to: 900 }, next] }));
    expect(spans()).toEqual(["0-900 date+-60000 gop 2000", "2000- date+0 gop 2000 new"]);
    // The same again is no news.
    tell(feed, told(0, { spans: [{ ...first, to: 900 }, next] }));
    expect(changes.length).toBe(2);
  });

  test("keeps its epoch until the first packet of another, which may be received before", () => {
    const { live, id, stream } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    feed.key("k0").wait(1000);
    tell(feed, told(1500, { id: "b".repeat(32) }));
    feed.inter("p").wait(400).audio("a");
    expect(id()).toBe(ID);
    feed.wait(200).key("k1");
    expect(id()).toBe("b".repeat(32));
    expect(stream.epochs.at(stream.log.end - 2)?.id).toBe(ID);
  });

  test("has a new epoch from its first packet on, when the sender's own time was bridged", () => {
    const { live, stream } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    feed.key("k0").wait(1000);
    // Its sender has lost 5 s, and tells so before its last packets from before that.
    tell(feed, told(-5000), 1100, false, 1100);
    feed.inter("p").wait(100).key("k1");
    const from = (seq: number) => stream.epochs.at(seq)?.spans[0].from;
    expect([from(stream.log.end - 2), from(stream.log.end - 1)]).toEqual([0, -5000]);
  });

  test("follows the sender's clock when time was bridged on the way", () => {
    const { live, stream, spans } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    gops(feed, 1000, 1000);
    // Ten seconds that nobody told are lost.
    feed.time += 10_000;
    feed.key("k");
    expect(stream.epochs.epoch?.spans[0].from).toBeLessThan(-9000);
    expect(dateAt(stream.epochs.epoch?.spans[0] as Span, stream.log.timeAt(stream.log.end - 1))).toBe(
      WALL - 60_000 + 12_000,
    );
    expect(spans().length).toBe(1);
  });

  test("knows where packets were lost, and the time that they took", () => {
    const { live, stream } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    gops(feed, 1000, 1000);
    expect(stream.epochs.losses).toEqual([]);
    feed.time += 10_000;
    tell(feed, told(0), feed.time, true);
    const seq = stream.log.end;
    feed.key("k");
    expect(stream.epochs.losses).toEqual([{ seq, time: stream.log.timeAt(seq) }]);
    expect(dateAt(stream.epochs.epoch?.spans[0] as Span, stream.log.timeAt(seq))).toBe(WALL - 60_000 + 12_000);
  });

  test("continues with its epoch when the source comes back, and knows that packets are missing", () => {
    const { live, stream, changes } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    gops(feed, 1000, 1000).end("lost");
    live.clock.advance(5000);
    const again = live.publish().headers();
    again.time = 7000;
    tell(again, told(0));
    again.key("k7");
    expect(stream.epochs.epoch?.id).toBe(ID);
    expect(stream.epochs.losses).toEqual([{ seq: stream.log.end - 1, time: 7000 }]);
    expect(changes.length).toBe(2);
  });

  test("misses nothing when it had all of a span, and its source comes back with the next one's first frame", () => {
    const [first] = told(0).spans;
    const next = { ...first, from: 9000, wall: WALL, discontinuity: true };
    for (const [to, from, losses, start] of [
      [2001, 9000, 0, {}],
      [2041, 9000, 1, {}],
      [2001, 8960, 1, {}],
      [2001, 8960, 0, { start: 9000 }],
    ] as const) {
      const { live, stream } = stage({ grace: 60 });
      const feed = live.publish().headers();
      tell(feed, told(0));
      gops(feed, 1000, 1000).key("k").end("lost");
      const again = live.publish();
      again.time = 9000;
      tell(
        again,
        told(0, {
          spans: [
            { ...first, to },
            { ...next, from, ...start },
          ],
        }),
      );
      again.headers().key("k");
      expect(stream.epochs.losses).toHaveLength(losses);
    }
  });

  test("misses nothing when its source comes back with the GOP in which it broke off", () => {
    const { live, stream } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    gops(feed, 1000).key("k1").wait(500).inter("p1").end("lost");
    const again = live.publish().headers();
    again.time = 1000;
    tell(again, told(0));
    again.key("k1").wait(500).inter("p1").wait(500).inter("p2");
    expect(stream.epochs.losses).toEqual([]);
    expect(stream.epochs.epoch?.spans[0].from).toBe(0);
  });

  test("begins its own epoch, with greater numbers, when another source sends none", () => {
    const { live, stream, id } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    gops(feed, 1000, 1000).end("lost");
    live.publish().headers().key("k");
    expect(id()).toBe(FIRST);
    expect(stream.epochs.epoch?.ahead).toBeGreaterThan(3);
    expect(stream.epochs.epoch?.spans[0].wall).toBe(WALL + 2000);
  });

  test("begins its own epoch by the clock when the received one is implausible", () => {
    const [first] = told(0).spans;
    for (const wild of [
      { ahead: 2 ** 30 },
      { discontinuity: 2 ** 37 },
      { spans: [{ ...first, wall: 2 * WALL }] as const },
    ]) {
      const { live, stream } = stage();
      const feed = live.publish().headers();
      tell(feed, told(0, wild));
      gops(feed, 1000).end("lost");
      live.publish().headers().key("k");
      expect(stream.epochs.epoch).toMatchObject({ discontinuity: (WALL / 10_000) % 8192, ahead: 0 });
      expect(stream.epochs.epoch?.spans[0].wall).toBe(WALL + 1000);
    }
  });

  test("continues the epoch of another process of this server that is gone", () => {
    const { live, stream, spans, id } = stage();
    const info = { id: "s", remote: "", param: "", hops: [], via: "sibling" } as const;
    const source = stream.publish(info);
    source?.receiveEpoch(writeEpoch({ epoch: told(0), at: 0, since: 0 }), false);
    source?.push(PacketKind.Audio, 0, Uint8Array.of(0x2f, 1, 2, 3));
    source?.end("lost");
    live.clock.advance(1000);
    live.publish().headers().key("k");
    expect(id()).toBe(ID);
    expect(spans().length).toBe(2);
  });

  test("ignores texts that are no epoch", () => {
    const { live, id, changes } = stage();
    const feed = live.publish().headers();
    tell(feed, told(0));
    feed.key("k0");
    for (const text of ["", "x".repeat(10_000), `${ID} 1 0 NaN 0 0,,,1,0,0`, `${ID} 1 0 0 0 5,4,,1,0,0`])
      expect(feed.source.receiveEpoch(text, true)).toBe(false);
    gops(feed, 1000);
    expect(id()).toBe(ID);
    expect(changes.length).toBe(1);
  });

  test("keeps the same span when another upstream with the same epoch takes over", () => {
    const { live, stream, id } = stage();
    const a = live.publish("show", "a").headers("V", "A");
    const b = live.publish("show", "b", { onConflict: "standby" }).headers("V", "A");
    // Their servers have time lines of their own.
    b.time = 2 ** 32 - 1500;
    tell(a, told(0));
    tell(b, told(2 ** 32 - 1500));
    for (let at = 0; at < 3; at++) {
      a.key(`k${at}`).audio(`s${at}`);
      b.key(`k${at}`).audio(`s${at}`);
      live.wait(1000, a, b);
    }
    a.end("lost");
    b.key("k3").audio("s3");
    expect(stream.source?.info.id).toBe("b");
    expect(id()).toBe(ID);
    expect(stream.epochs.epoch?.spans.length).toBe(1);
    expect(Math.abs(stream.epochs.epoch?.spans[0].from as number)).toBeLessThan(100);
  });
});
