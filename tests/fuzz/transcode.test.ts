import { expect, test } from "bun:test";
import { concat, fragments } from "../support/bytes.ts";
import { flvFile, flvTag } from "../support/flv.ts";
import { payloads } from "../support/live.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick } from "../support/random.ts";
import { BOTH, TranscodeStage } from "../support/transcode-stage.ts";

const ROUNDS = 300;

test("the result of any output of FFmpeg stays in step with its source, and another FFmpeg continues it", () => {
  const random = mulberry32(0x7c0de);
  for (let round = 0; round < ROUNDS; round++) {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = stage.publish().headers().key("k1").audio("a1").wait(40).gop("k2", 2).audio("a2").wait(40);
    const tags = Array.from({ length: between(random, 1, 6) }, () => ({
      kind: pick(random, [8, 9, 18] as const),
      timestamp: pick(random, [10_200, between(random, 0, 0xffffffff), 10_000 + between(random, 0, 400)]),
      payload: pick(random, [payloads.key("x"), payloads.inter("x"), payloads.audio("x"), payloads.videoHeader("x")]),
    }));
    const sound = pick(random, [concat(tags.map((tag) => flvTag(tag))), flvFile(tags)]);
    const bytes = pick(random, [sound, mutate(random, sound)]);
    for (const piece of fragments(bytes, random, pick(random, [1, 20, 1000])))
      if (!stage.ffmpegs.last.over) stage.ffmpegs.last.give(between(random, 0, 1), piece);
    for (let at = 0; at < 20; at++) feed.gop(`n${at}`, 24).audio(`b${at}`);
    stage.clock.advance(4000);
    for (const kind of [8, 9]) {
      const times = viewer.got.filter((got) => got.kind === kind).map(({ time }) => time);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      // The end of a run may be missing, and a time may be wrong by what is let through.
      expect(times.at(-1)).toBeLessThanOrEqual(feed.time + 10_000);
    }
    expect(stage.ffmpegs.running).toBeLessThanOrEqual(1);
    expect(viewer.log).toContain("n19+24'");
  }
});
