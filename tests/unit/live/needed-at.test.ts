import { expect, test } from "bun:test";
import type { StreamConfig } from "../../../src/live/config.ts";
import { LiveStage } from "../../support/live.ts";

/** A published stream whose source writes down from when on somebody waits for what it sends. */
function published(config: Partial<StreamConfig> = {}) {
  const stage = new LiveStage(config);
  stage.clock.advance(1000);
  const told: string[] = [];
  const publish = (id: string) =>
    stage.publish("show", id, {
      onConflict: "standby",
      events: { neededAtChanged: (at) => told.push(`${id} ${at}`) },
    });
  return { stage, told, publish, take: () => told.splice(0) };
}

test("A source is notified when its stream's first reader comes and when the last one leaves", () => {
  const { stage, publish, take } = published();
  const feed = publish("a");
  expect([feed.source.neededAt, take()]).toEqual([Number.POSITIVE_INFINITY, ["a Infinity"]]);
  const one = stage.view();
  const two = stage.view();
  expect([feed.source.neededAt, take()]).toEqual([0, ["a 0"]]);
  one.leave();
  expect(take()).toEqual([]);
  two.leave();
  expect([feed.source.neededAt, take()]).toEqual([Number.POSITIVE_INFINITY, ["a Infinity"]]);
});

test("The packets of a source that begins while readers wait are needed from the start", () => {
  const { stage, publish, take } = published();
  stage.view();
  expect([publish("a").source.neededAt, take()]).toEqual([0, []]);
});

test("The packets of several sources of a stream are needed at once, as their order matters", () => {
  const { publish, take } = published();
  const a = publish("a");
  take();
  const b = publish("b");
  expect([a.source.neededAt, b.source.neededAt, take()]).toEqual([0, 0, ["a 0"]]);
  a.end("lost");
  expect([b.source.role, b.source.neededAt, take()]).toEqual(["active", Number.POSITIVE_INFINITY, ["b Infinity"]]);
});

test("With a fixed latency, a stream's source is notified of the next flush when one begins", () => {
  const { stage, publish, take } = published({ mw_latency: 350 });
  const feed = publish("a");
  stage.view();
  expect(take()).toEqual(["a Infinity", "a 0"]);
  feed.key("k", 0);
  stage.clock.settle();
  expect(take()).toEqual(["a 1350"]);
  stage.clock.advance(40);
  feed.inter("i", 40);
  stage.clock.advance(309);
  expect(take()).toEqual([]);
  stage.clock.advance(1);
  expect(take()).toEqual(["a 1700"]);
  publish("b");
  expect([feed.source.neededAt, take()]).toEqual([0, ["a 0"]]);
});

test("The packets of a source are needed at once again when its stream's latency becomes auto", () => {
  const { stage, publish, take } = published({ mw_latency: 350 });
  const feed = publish("a");
  stage.view();
  feed.key("k", 0);
  stage.clock.settle();
  take();
  stage.streams.configure("__defaultVhost__", { ...stage.config, mw_latency: "auto" });
  expect([feed.source.neededAt, take()]).toEqual([0, ["a 0"]]);
});

test("While all readers take batches, packets are needed for each batch, and at once when another reader joins", () => {
  const { stage, publish, take } = published();
  const feed = publish("a");
  const got: number[] = [];
  stage.stream().tap({ batched: true, send: (range) => got.push(range.to - range.from) > 0 });
  take();
  feed.key("k").wait(40).inter("i1").wait(40).inter("i2").wait(19);
  expect([got, take()]).toEqual([[1], ["a 1100"]]);
  feed.wait(1);
  expect([got, take()]).toEqual([[1, 2], ["a 1200"]]);
  feed.inter("i3");
  const viewer = stage.view();
  expect(take()).toEqual(["a 0"]);
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
  expect(take()).toEqual(["a 1200"]);
});
