import { expect, test } from "bun:test";
import { LiveStage } from "../../support/live.ts";

/** A published stream whose source writes down when what it sends is waited for. */
function published(latency: number | "auto" = 350) {
  const stage = new LiveStage({ mw_latency: latency });
  stage.clock.advance(1000);
  const told: string[] = [];
  const publish = (id: string) =>
    stage.publish("show", id, {
      onConflict: "standby",
      events: { awaited: (awaited) => told.push(`${id} ${awaited}`) },
    });
  return { stage, told, publish, take: () => told.splice(0) };
}

test("A source is told when its stream's first reader comes and when the last one goes", () => {
  const { stage, publish, take } = published();
  const feed = publish("a");
  expect([feed.source.awaited, take()]).toEqual(["never", ["a never"]]);
  const one = stage.view();
  const two = stage.view();
  expect([feed.source.awaited, take()]).toEqual(["flush", ["a flush"]]);
  one.leave();
  expect(take()).toEqual([]);
  two.leave();
  expect([feed.source.awaited, take()]).toEqual(["never", ["a never"]]);
});

test("A source that begins while readers wait is told so at once", () => {
  const { stage, publish, take } = published();
  stage.view();
  expect([publish("a").source.awaited, take()]).toEqual(["flush", ["a flush"]]);
});

test("What is sent to readers is not waited for until just after the next flush is due", () => {
  const { stage, publish } = published(350);
  stage.view();
  const feed = publish("a");
  feed.headers().key("K");
  stage.clock.settle();
  expect(stage.stream().untilFlush).toBeCloseTo(367.5);
  stage.clock.advance(360);
  expect(stage.stream().untilFlush).toBeCloseTo(7.5);
  stage.clock.advance(20);
  expect(stage.stream().untilFlush).toBe(0);
});

test("With an automatic latency it is waited for as soon as flushes cost nothing", () => {
  const { stage, publish } = published("auto");
  stage.view();
  const feed = publish("a");
  feed.headers().key("K");
  stage.clock.settle();
  expect(stage.stream().untilFlush).toBe(0);
});

test("Sources of one stream are waited for while there are several: it matters which of them sends what when", () => {
  const { stage, publish, take } = published();
  stage.view();
  const a = publish("a");
  take();
  const b = publish("b");
  expect([a.source.awaited, b.source.awaited, take()]).toEqual(["now", "now", ["a now"]]);
  a.end("lost");
  expect([b.source.role, b.source.awaited, take()]).toEqual(["active", "flush", ["b flush"]]);
});
