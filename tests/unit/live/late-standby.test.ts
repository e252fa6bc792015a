import { describe, expect, test } from "bun:test";
import { FRAME_MS, Pair, PICTURE, steps } from "../../support/source-pair.ts";

describe("a source in step that lags by more than switch_after and a GOP", () => {
  /** One frame over both ways, over the second 100 frames later; key frames are every ten frames. */
  class LatePair extends Pair {
    #at = 0;
    /** When the viewer got sound and pictures, ms: the longest pauses. */
    readonly pauses = { sound: 0, picture: 0 };
    readonly #last = { sound: 0, picture: 0 };

    constructor() {
      super({ same: true });
      this.publish("a").publish("b");
    }

    send(frames: number, ...ids: readonly string[]): this {
      const { clock } = this.stage;
      for (const to = this.#at + frames; this.#at < to; this.#at++) {
        for (const id of ids) this.#frame(id, this.#at - (id === "b" ? 100 : 0));
        clock.settle();
        const news = this.viewer.news();
        this.#see(
          "sound",
          news.some((name) => /\.s\d/.test(name)),
        );
        this.#see(
          "picture",
          news.some((name) => PICTURE.test(name)),
        );
        clock.advance(FRAME_MS);
      }
      return this;
    }

    #frame(id: string, frame: number): void {
      const feed = this.feeds[id];
      if (feed === undefined || frame < 0) return;
      feed.time = frame * FRAME_MS;
      if (frame % 10 === 0) feed.key(`x.k${frame}`, 100);
      else feed.inter(`x.p${frame}`, 100);
      feed.audio(`x.s${frame}`);
    }

    #see(what: "sound" | "picture", came: boolean): void {
      const now = this.stage.clock.now();
      if (!came) return;
      if (this.#last[what] > 0) this.pauses[what] = Math.max(this.pauses[what], now - this.#last[what]);
      this.#last[what] = now;
    }
  }

  test("is not waited for when the other is lost: audio continues at once, video at the next key frame", () => {
    const pair = new LatePair().send(205, "a", "b").end("a") as LatePair;
    pair.send(40, "b");
    expect(pair.switches).toMatchObject([{ why: "lost", inStep: false }]);
    expect(pair.pauses.sound).toBe(FRAME_MS);
    expect(pair.pauses.picture).toBeLessThanOrEqual(10 * FRAME_MS);
    expect(steps(pair)).toEqual([pair.pauses.picture, FRAME_MS]);
  });

  test("costs no more than the stall when the other stops sending", () => {
    const pair = new LatePair().send(205, "a", "b").send(60, "b");
    expect(pair.switches).toMatchObject([{ why: "stalled", inStep: false }]);
    expect(pair.pauses.sound).toBeLessThanOrEqual(1000);
    expect(pair.pauses.picture).toBeLessThanOrEqual(1000 + 10 * FRAME_MS);
    expect(steps(pair)[0]).toBeLessThanOrEqual(10 * FRAME_MS);
  });

  test("does not make time run away from the wall clock, however often the two alternate", () => {
    const pair = new LatePair().send(205, "a", "b");
    const distance = () => (pair.viewer.got.at(-1)?.time ?? 0) - pair.stage.clock.now();
    const before = distance();
    for (let round = 0; round < 8; round++) pair.send(60, "b").send(150, "a", "b").send(60, "a").send(150, "a", "b");
    expect(pair.switches).toHaveLength(16);
    expect(distance() - before).toBeLessThanOrEqual(10_000);
    expect(steps(pair)[0]).toBeLessThanOrEqual(10 * FRAME_MS);
  });

  test("is recognised by what it sent before both fell silent, not by the burst when the network is back", () => {
    const pair = new Pair({ same: true }).publish("a").publish("b").run(45, "a", "b");
    pair.run(70);
    const feed = pair.feeds.b;
    for (let at = 45; at < 115 && feed !== undefined; at++) {
      feed.time = at * FRAME_MS;
      if (at % 25 === 0) feed.key(`x.k${at}`);
      else feed.inter(`x.p${at}`);
      feed.audio(`x.s${at}`);
    }
    if (feed !== undefined) feed.time += FRAME_MS;
    pair.run(30, "b");
    expect(pair.switches).toMatchObject([{ why: "stalled", inStep: true }]);
    expect(pair.pictures().map((name) => Number(name.slice(3)))).toEqual(Array.from({ length: 145 }, (_, at) => at));
    expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
  });
});

describe("two sources in step whose video clock jumps alone", () => {
  test.each([60_000, -8000])("by %d ms take over from each other without a loss", (by) => {
    const pair = new Pair({ same: true }).publish("a", undefined, 100_000).publish("b", undefined, 100_000);
    pair.run(80, "a", "b");
    pair.videoAhead = by;
    pair.run(120, "a", "b").end("a").run(50, "b");
    expect(pair.switches).toMatchObject([{ why: "lost", inStep: true }]);
    expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
    pair.publish("c", undefined, 100_000).run(60, "b", "c").end("b").run(20, "c");
    expect(pair.switches[1]).toMatchObject({ why: "lost", inStep: true });
    expect(steps(pair)).toEqual([FRAME_MS, FRAME_MS]);
  });

  test("or one of them alone, continue with tracks at most 10 s apart", () => {
    const pair = new Pair().publish("a").publish("b", undefined, 5000).run(80, "a", "b");
    pair.videoAhead = 60_000;
    pair.run(80, "b").run(20, "b");
    expect(pair.switches).toMatchObject([{ why: "stalled", inStep: false }]);
    pair.run(60, "b");
    const [picture, sound] = [PICTURE, /\.s\d/].map(
      (kind) => pair.viewer.got.findLast(({ name }) => kind.test(name))?.time,
    );
    expect(Math.abs((picture ?? 0) - (sound ?? 0))).toBeLessThanOrEqual(10_000);
  });
});
