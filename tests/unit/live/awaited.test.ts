import { expect, test } from "bun:test";
import { LiveStage } from "../../support/live.ts";

/** A published stream whose source writes down whether somebody waits for what it sends. */
function published() {
  const stage = new LiveStage();
  stage.clock.advance(1000);
  const told: string[] = [];
  const publish = (id: string) =>
    stage.publish("show", id, {
      onConflict: "standby",
      events: { awaitedChanged: (awaited) => told.push(`${id} ${awaited}`) },
    });
  return { stage, told, publish, take: () => told.splice(0) };
}

test("A source is notified when its stream's first reader comes and when the last one leaves", () => {
  const { stage, publish, take } = published();
  const feed = publish("a");
  expect([feed.source.awaited, take()]).toEqual([false, ["a false"]]);
  const one = stage.view();
  const two = stage.view();
  expect([feed.source.awaited, take()]).toEqual([true, ["a true"]]);
  one.leave();
  expect(take()).toEqual([]);
  two.leave();
  expect([feed.source.awaited, take()]).toEqual([false, ["a false"]]);
});

test("The packets of a source that begins while readers wait are awaited from the start", () => {
  const { stage, publish, take } = published();
  stage.view();
  expect([publish("a").source.awaited, take()]).toEqual([true, []]);
});

test("The packets of several sources of a stream are awaited, as their order matters", () => {
  const { publish, take } = published();
  const a = publish("a");
  take();
  const b = publish("b");
  expect([a.source.awaited, b.source.awaited, take()]).toEqual([true, true, ["a true"]]);
  a.end("lost");
  expect([b.source.role, b.source.awaited, take()]).toEqual(["active", false, ["b false"]]);
});
