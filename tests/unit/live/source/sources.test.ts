import { describe, expect, test } from "bun:test";
import type { PublishOptions } from "../../../../src/live/source/source.ts";
import { MAX_STANDBYS } from "../../../../src/live/source/standbys.ts";
import { FRAME_MS, Pair, PICTURE, standby, steps } from "../../../support/source-pair.ts";

describe("a second publisher", () => {
  test("is refused by default", () => {
    const pair = new Pair().publish("a").run(5, "a");
    const stream = pair.stage.stream();
    const info = { id: "q", remote: "", param: "", hops: [], via: "client" } as const;
    expect(stream.publish(info)).toBeUndefined();
    expect(stream.publish(info, { onConflict: "reject" })).toBeUndefined();
  });

  test("stands by if its vhost says so: none of its packets reaches a viewer, and it is not announced", () => {
    const pair = new Pair().publish("a").run(15, "a").publish("b").run(30, "a", "b");
    expect(pair.viewer.log.some((name) => name.startsWith("b."))).toBe(false);
    expect(pair.events).toEqual(["published a"]);
    expect([pair.active, pair.standbys]).toEqual(["a", ["b"]]);
    expect(pair.feeds.b?.source.role).toBe("standby");
  });

  test("is refused when the maximum number of sources stand by", () => {
    const pair = new Pair().publish("a");
    for (let at = 0; at < MAX_STANDBYS; at++) pair.publish(`b${at}`);
    expect(
      pair.stage.stream().publish({ id: "c", remote: "", param: "", hops: [], via: "client" }, standby),
    ).toBeUndefined();
    pair.end("b0").publish("c");
    expect(pair.standbys).toEqual(["b1", "b2", "c"]);
  });

  test("that stood by and leaves changes nothing", () => {
    const pair = new Pair().publish("a").publish("b").run(15, "a", "b").end("b", "unpublished").run(50, "a");
    expect(pair.events).toEqual(["published a"]);
    expect(pair.standbys).toEqual([]);
    expect(pair.stage.clock.timers).toBe(0);
  });

  test("replaces the first if its vhost says so: the first is notified, viewers and relays are not", () => {
    const pair = new Pair();
    const told: string[] = [];
    pair.publish("a", { events: { replaced: ({ id }) => told.push(id) } }).run(15, "a");
    const first = pair.feeds.a?.source;
    pair.publish("b", { onConflict: "replace" }, 5_000_000).run(1, "a").run(20, "a", "b");
    expect(told).toEqual(["b"]);
    expect(first?.role).toBe("ended");
    expect(pair.events).toEqual(["published a", "a to b: replaced"]);
    expect(
      pair.viewer.log
        .slice(-60)
        .filter((name) => name.startsWith("a."))
        .at(-1),
    ).toBe("a.s14");
    expect(pair.viewer.log).toContain("b.k30");
    expect(steps(pair)[0]).toBeLessThanOrEqual(25 * FRAME_MS);
  });
});

describe("when the active source is lost", () => {
  test("another source continues: audio at once, video at its next key frame, in continuous time", () => {
    const pair = new Pair().publish("a").publish("b", standby, 7_000_000).run(45, "a", "b").end("a").run(20, "b");
    expect(pair.events).toEqual(["published a", "a to b: lost"]);
    const log = pair.viewer.log;
    expect(log.slice(log.indexOf("a.s44") + 1).slice(0, 5)).toEqual(["b.m", "b.A", "b.V", "b.s45", "b.s46"]);
    expect(pair.pictures().slice(44, 47)).toEqual(["a.p44", "b.k55", "b.p56"]);
    expect(steps(pair)).toEqual([11 * FRAME_MS, FRAME_MS]);
    expect(pair.viewer.log).not.toContain("unpublished");
  });

  test("a source in step continues without a gap and without repetition", () => {
    const pair = new Pair({ same: true }).publish("a").publish("b").run(45, "a", "b").end("a").run(20, "b");
    expect(pair.switches).toMatchObject([{ why: "lost", inStep: true }]);
    expect(pair.pictures().map((name) => Number(name.slice(3)))).toEqual(Array.from({ length: 65 }, (_, at) => at));
    expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
    // Headers that are the same are not said again.
    const headers = pair.viewer.got.map(({ name }) => name).filter((name) => /\.[mAV]$/.test(name));
    expect(headers).toEqual(["x.m", "x.A", "x.V"]);
  });

  test("a picture that comes right after the last is moved by a frame, as many players reject two at one time", () => {
    const pair = new Pair().publish("a").publish("b", standby, 7_000_000).run(29, "a", "b");
    pair.feeds.a?.inter("a.p29").audio("a.s29");
    pair.end("a");
    pair.stage.wait(10, ...Object.values(pair.feeds));
    pair.feeds.b?.key("b.k30").audio("b.s30");
    pair.stage.wait(40, ...Object.values(pair.feeds));
    pair.feeds.b?.inter("b.p31").audio("b.s31");
    pair.stage.clock.settle();
    const times = pair.viewer.got
      .filter(({ name }) => /[ab]\.[kps](29|3)/.test(name))
      .map(({ name, time }) => [name, time]);
    expect(times.slice(-6)).toEqual([
      ["a.p29", 1160],
      ["a.s29", 1160],
      ["b.k30", 1200],
      ["b.s30", 1200],
      ["b.p31", 1240],
      ["b.s31", 1240],
    ]);
  });

  test("a reader that joins then gets also the headers that were not repeated", () => {
    const pair = new Pair().publish("a").publish("b");
    pair.feeds.b?.metadata("a.m").headers("a.V", "a.A");
    pair.run(45, "a", "b").end("a");
    const viewer = pair.stage.view();
    pair.run(1, "b");
    expect(viewer.log).toEqual(["a.m", "a.A", "a.V", "b.s45"]);
  });

  test("by its publisher's unpublish, the standby continues as well", () => {
    const pair = new Pair().publish("a").publish("b").run(45, "a", "b").end("a", "unpublished").run(20, "b");
    expect(pair.events).toEqual(["published a", "a to b: ended"]);
    expect(pair.viewer.log).not.toContain("unpublished");
    pair.end("b", "unpublished");
    expect(pair.viewer.log.at(-1)).toBe("unpublished");
  });

  test("another source that has sent nothing yet continues with its first key frame, though its clock is far behind", () => {
    const pair = new Pair().publish("a", {}, 7_000_000).run(45, "a").publish("b").end("a").run(40, "b");
    expect(pair.events).toEqual(["published a", "a to b: lost"]);
    const pictures = pair.pictures();
    expect(pictures[pictures.indexOf("a.p44") + 1]).toBe("b.k55");
    expect(steps(pair)).toEqual([11 * FRAME_MS, FRAME_MS]);
  });

  test("and all others are, too, players are notified after the grace time", () => {
    const pair = new Pair({ grace: 5 }).publish("a").publish("b").run(45, "a", "b").end("a").end("b");
    pair.stage.clock.advance(4999);
    expect(pair.viewer.log.at(-1)).not.toBe("unpublished");
    pair.stage.clock.advance(1);
    expect(pair.viewer.log.at(-1)).toBe("unpublished");
    expect(pair.events).toEqual(["published a", "a to b: lost", "unpublished b lost"]);
  });
});

describe("a source in step that lags", () => {
  /** Frame `at` of one stream over both ways, over the second `frames` later; the first ends before frame `end`. */
  function step(pair: Pair, at: number, frames: number, end = 45): void {
    if (at === end) pair.end("a");
    for (const [id, frame] of [
      ["a", at < end ? at - Math.max(0, -frames) : -1],
      ["b", at - Math.max(0, frames)],
    ] as const) {
      const feed = pair.feeds[id];
      if (feed === undefined || frame < 0) continue;
      feed.time = frame * FRAME_MS;
      feed.audio(`x.s${frame}`);
      pair.stage.clock.settle();
      if (frame % 10 === 0) feed.key(`x.k${frame}`, 100);
      else feed.inter(`x.p${frame}`, 100);
    }
    pair.stage.clock.advance(FRAME_MS);
  }

  function lagging(frames: number): Pair {
    const pair = new Pair({ same: true }).publish("a").publish("b");
    for (let at = 0; at < 100; at++) step(pair, at, frames);
    return pair;
  }

  test("continues even if its packets are too many to hold, and new readers begin with a key frame", () => {
    const pair = new Pair({ same: true, gop_cache_max_bytes: 300 }).publish("a").publish("b");
    for (let at = 0; at < 47; at++) step(pair, at, 5);
    const late = pair.stage.view();
    for (let at = 47; at < 80; at++) step(pair, at, 5);
    const numbers = pair.pictures().map((name) => Number(name.slice(3)));
    expect(numbers).toEqual(Array.from({ length: 75 }, (_, at) => at));
    expect(late.log.find((name) => PICTURE.test(name))).toBe("x.k50");
  });

  for (const frames of [1, 5, 12, 24]) {
    test(`by ${frames} frames continues where the other stopped`, () => {
      const pair = lagging(frames);
      const numbers = pair.pictures().map((name) => Number(name.slice(3)));
      expect(numbers).toEqual(Array.from({ length: 100 - frames }, (_, at) => at));
      expect(pair.switches).toMatchObject([{ inStep: true }]);
      expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
    });
  }

  for (const frames of [1, 5, 12, 30, 100]) {
    test(`behind the other by ${frames} frames holds what readers have not got`, () => {
      const pair = lagging(-frames);
      const numbers = pair.pictures().map((name) => Number(name.slice(3)));
      expect(numbers).toEqual(Array.from({ length: 100 }, (_, at) => at));
      expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
    });
  }
});

describe("when the active source stalls", () => {
  test("another source that sends takes over after switch_after, neither earlier nor later", () => {
    const pair = new Pair({ switch_after: 400 }).publish("a").publish("b").run(45, "a", "b");
    const before = pair.stage.clock.now() - FRAME_MS;
    pair.run(20, "b");
    expect(pair.events).toEqual(["published a", "a to b: stalled"]);
    expect((pair.switches[0]?.at ?? 0) - before).toBe(400);
    expect([pair.active, pair.standbys]).toEqual(["b", ["a"]]);
    // Sound has no gap: it was held; the picture goes on at the first key frame since.
    expect(pair.pictures().slice(44, 47)).toEqual(["a.p44", "b.k55", "b.p56"]);
    expect(steps(pair)).toEqual([11 * FRAME_MS, FRAME_MS]);
  });

  test("a source in step takes over without a gap in the video", () => {
    const pair = new Pair({ same: true }).publish("a").publish("b").run(45, "a", "b").run(40, "b");
    expect(pair.switches).toMatchObject([{ why: "stalled", inStep: true }]);
    expect(pair.pictures().map((name) => Number(name.slice(3)))).toEqual(Array.from({ length: 85 }, (_, at) => at));
  });

  test("and no other sends, the first one that sends again continues", () => {
    const pair = new Pair().publish("a").publish("b", standby, 7_000_000).run(45, "a", "b").run(200);
    expect(pair.events).toEqual(["published a"]);
    pair.run(5, "a");
    expect(pair.active).toBe("a");
    pair.run(200).run(30, "b");
    expect(pair.events).toEqual(["published a", "a to b: stalled"]);
    // The first pause was the encoder's own; the second is not known to be anybody's.
    expect(steps(pair)[0]).toBe(201 * FRAME_MS);
  });

  test("it stands by when it sends again, and takes over when the other fails", () => {
    const pair = new Pair().publish("a").publish("b").run(45, "a", "b").run(40, "b").run(45, "a", "b");
    expect([pair.active, pair.standbys]).toEqual(["b", ["a"]]);
    pair.end("b").run(20, "a");
    expect(pair.events).toEqual(["published a", "a to b: stalled", "b to a: lost"]);
    expect(steps(pair)[0]).toBeLessThanOrEqual(25 * FRAME_MS);
  });

  test("data alone does not count as media", () => {
    const pair = new Pair().publish("a").publish("b").run(45, "a", "b");
    for (let at = 0; at < 40; at++) {
      pair.feeds.a?.text(`t${at}`);
      pair.run(1, "b");
    }
    expect(pair.active).toBe("b");
  });

  test("a source of one frame a second does not count as stalled because another sends at other moments", () => {
    const pair = new Pair().publish("a").publish("b");
    for (let at = 0; at < 30; at++) {
      pair.feeds.a?.key(`a.k${at}`);
      pair.run(17);
      pair.feeds.b?.key(`b.k${at}`);
      pair.run(8);
    }
    expect(pair.events).toEqual(["published a"]);
  });
});

describe("time_jitter", () => {
  const times = (pair: Pair) =>
    pair.viewer.got.filter(({ name }) => /\.[ps]\d/.test(name)).map(({ name, time }) => [name, time]);

  test("zero begins at 0 even if the first source never sent anything, and continues when sources switch", () => {
    const pair = new Pair({ time_jitter: "zero" }).publish("a").publish("b", standby, 5_000_000).run(60, "b");
    expect(pair.events).toEqual(["published a", "a to b: stalled"]);
    expect(pair.viewer.got.find(({ name }) => PICTURE.test(name))?.time).toBe(0);
    pair.publish("c", standby, 70_000).run(30, "b", "c").end("b").run(40, "c");
    expect(steps(pair)[1]).toBe(FRAME_MS);
  });

  test("off passes the next source's packets unchanged, with its GOP from the beginning", () => {
    const pair = new Pair({ time_jitter: "off" }).publish("a").publish("b", standby, 5_000_000);
    pair.run(40, "a", "b").end("a").run(2, "b");
    expect(pair.viewer.log).toContain("b.k30");
    expect(times(pair).slice(-2)).toEqual([
      ["b.p41", 5_000_000 + 41 * FRAME_MS],
      ["b.s41", 5_000_000 + 41 * FRAME_MS],
    ]);
  });
});

describe("a preferred source", () => {
  const preferred: PublishOptions = { onConflict: "standby", preferred: true };

  test("takes over at a key frame once it has been steady for ten seconds", () => {
    const pair = new Pair().publish("a").run(45, "a").publish("b", preferred);
    const since = pair.stage.clock.now();
    pair.run(300, "a", "b");
    expect(pair.events).toEqual(["published a", "a to b: preferred"]);
    const after = (pair.switches[0]?.at ?? 0) - since;
    expect(after).toBeGreaterThanOrEqual(10_000);
    expect(after).toBeLessThanOrEqual(10_000 + 25 * FRAME_MS);
    expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
  });

  test("that fails again and again has to be steady ever longer", () => {
    const pair = new Pair().publish("a").publish("b", preferred);
    const waits: number[] = [];
    for (let round = 0; round < 7; round++) {
      const since = pair.stage.clock.now();
      while (pair.active === "a") pair.run(10, "a", "b");
      waits.push(Math.round((pair.stage.clock.now() - since) / 10_000));
      while (pair.active === "b") pair.run(10, "a");
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 32]);
  });

  test("that failed once need not be steady any longer", () => {
    const pair = new Pair().publish("b", preferred).publish("a").run(100, "a", "b").run(40, "a");
    expect(pair.active).toBe("a");
    pair.run(230, "a", "b");
    expect(pair.active).toBe("a");
    pair.run(50, "a", "b");
    expect(pair.active).toBe("b");
  });

  test("need be steady only for the first time again after running well for long", () => {
    const pair = new Pair().publish("a").publish("b", preferred).run(300, "a", "b").run(40, "a").run(600, "a", "b");
    expect(pair.active).toBe("b");
    pair.run(6000, "a", "b").run(40, "a");
    expect(pair.active).toBe("a");
    pair.run(270, "a", "b");
    expect(pair.active).toBe("b");
  });
});

describe("a standby source holds", () => {
  test("no more than a GOP's caps", () => {
    const pair = new Pair({ gop_cache_max_bytes: 10_000, gop_cache_max_frames: 100 });
    pair.publish("a").publish("b").publish("c").run(5, "a");
    const memory = () => [...pair.stage.stream().sources.held];
    for (const id of ["b", "c"]) {
      pair.feeds[id]?.key(`${id}.k1`, 1000);
      for (let at = 0; at < 200; at++) pair.feeds[id]?.inter(`${id}.p${at}`, at % 50 === 49 ? 3000 : 10);
    }
    expect(memory().reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(10_000);
    expect(memory().reduce((sum, { packets }) => sum + packets, 0)).toBeLessThanOrEqual(100);
  });

  test("nothing any more when it outgrows them, until the next key frame", () => {
    const pair = new Pair({ gop_cache_max_frames: 12, gop: 10, same: true }).publish("a").publish("b");
    pair.run(49, "a", "b").end("a").run(30, "b");
    expect(pair.pictures().slice(48, 50)).toEqual(["x.p48", "x.k50"]);
  });
});
