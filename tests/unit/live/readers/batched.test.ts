import { expect, test } from "bun:test";
import { LiveStage } from "../../../support/live.ts";

test("While all readers take batches, packets are flushed each 100 ms, and at once when another reader joins", () => {
  const stage = new LiveStage();
  stage.clock.advance(1000);
  const feed = stage.publish("show", "a");
  const got: number[] = [];
  stage.stream().tap({ batched: true, send: (range) => got.push(range.to - range.from) > 0 });
  feed.key("k").wait(40).inter("i1").wait(40).inter("i2").wait(19);
  expect(got).toEqual([1]);
  feed.wait(1);
  expect(got).toEqual([1, 2]);
  feed.inter("i3");
  const viewer = stage.view();
  stage.clock.settle();
  expect([got, viewer.log]).toEqual([
    [1, 2, 1],
    ["k", "i1", "i2", "i3"],
  ]);
  feed.inter("i4");
  stage.clock.settle();
  expect(got.length).toBe(4);
  viewer.leave();
  feed.inter("i5").wait(1).inter("i6");
  expect(got.length).toBe(5);
  feed.wait(99);
  expect(got).toEqual([1, 2, 1, 1, 1, 1]);
});
