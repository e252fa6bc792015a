import { expect, test } from "bun:test";
import { FRAME_MS, Pair, standby } from "../../../support/source-pair.ts";

test("An operator makes a standby source active, unnoticed by viewers", () => {
  const pair = new Pair().publish("a").publish("b", standby).run(45, "a", "b");
  expect(pair.stage.stream().sources.switchTo("b")).toBe(true);
  pair.run(30, "a", "b");
  expect([pair.active, pair.standbys]).toEqual(["b", ["a"]]);
  expect(pair.events).toEqual(["published a", "a to b: manual"]);
});

test("A source that was chosen by hand stays active beside a preferred one, until it fails", () => {
  const pair = new Pair().publish("a", { preferred: true }).publish("b", standby).run(45, "a", "b");
  pair.stage.stream().sources.switchTo("b");
  pair.run(Math.ceil(60_000 / FRAME_MS), "a", "b");
  expect(pair.active).toBe("b");
  pair.end("b", "lost").run(30, "a");
  expect(pair.active).toBe("a");
});

test("A source that does not stand by can't be made active", () => {
  const pair = new Pair().publish("a").run(5, "a");
  expect(pair.stage.stream().sources.switchTo("none")).toBe(false);
  expect(pair.stage.stream().sources.switchTo("a")).toBe(false);
  expect(pair.active).toBe("a");
});
