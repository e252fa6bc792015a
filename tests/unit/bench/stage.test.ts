import { expect, test } from "bun:test";
import { openStage, player } from "../../../bench/stage.ts";

test("on the benchmarks' stage, players that are up to date get every batch, however often the recording repeats", () => {
  const stage = openStage();
  stage.push();
  const readers = [player(stage), player(stage)];
  stage.flush();
  const packets = stage.from.samples.length * 3;
  for (let i = 0; i < packets; i++) {
    stage.push();
    stage.flush();
  }
  for (const reader of readers) {
    expect(reader.state).toBe("current");
    expect(reader.bytes).toBeGreaterThan(stage.from.bytes * 3);
  }
  expect(stage.stream.log.end - stage.stream.log.start).toBeLessThan(stage.from.samples.length + 1);
});
