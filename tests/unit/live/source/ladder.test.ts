import { expect, test } from "bun:test";
import { type Ladder, readLadder } from "../../../../src/live/source/ladder.ts";
import { epochStage } from "../../../support/epoch-stage.ts";

const STEPS: Ladder = { base: "show", endings: ["_hd", "_sd"] };

test.each<Ladder>([STEPS, { base: "a b,c/ü", endings: ["", " x", "+"] }, { base: "+", endings: ["-", "%20"] }])(
  "a ladder is read as it was written",
  (ladder) => {
    const { stream } = epochStage();
    stream.ladder.make(ladder);
    expect(readLadder(stream.ladder.text)).toEqual(ladder);
  },
);

test.each([
  "",
  " ",
  "show",
  "show _hd",
  "+ _hd _sd",
  "show _hd  _sd",
  "show %E0%A4%A _sd",
  `show _hd ${"x".repeat(65)}`,
  `${"x".repeat(513)} _hd _sd`,
  `show ${"_x ".repeat(17).trim()}`,
  `show _hd _sd${" ".repeat(8192)}`,
])("what no server writes is no ladder: %#", (text) => {
  expect(readLadder(text)).toBeUndefined();
});

test("a stream's ladder is its source's, or the one made here, and readers are notified of each change", () => {
  const { live, stream, changes } = epochStage();
  const feed = live.publish("show", "a");
  expect(stream.ladder.text).toBe("");
  feed.key("k").wait(500).inter("p");
  const epoch = stream.epochs.text ?? "";
  const count = changes.length;
  expect(feed.source.receiveEpoch(epoch, false, "show _hd _sd")).toBe(true);
  expect(stream.ladder.current).toEqual(STEPS);
  const told = changes.length;
  expect(told).toBeGreaterThan(count);
  expect(feed.source.receiveEpoch(epoch, false, "show _hd _sd")).toBe(true);
  expect(changes.length).toBe(told);
  stream.ladder.make({ base: "show", endings: ["_1", "_2"] });
  expect(stream.ladder.text).toBe("show _1 _2");
  expect(changes.length).toBe(told + 1);
  stream.ladder.make(undefined);
  expect(stream.ladder.text).toBe("show _hd _sd");
  expect(feed.source.receiveEpoch("no epoch", false, "show _a _b")).toBe(false);
  expect(stream.ladder.text).toBe("show _hd _sd");
  feed.end("unpublished");
  expect(stream.ladder.text).toBe("");
  stream.ladder.hear("show _3 _4");
  expect(stream.ladder.text).toBe("show _3 _4");
  live.publish("show", "b");
  expect(stream.ladder.text).toBe("");
});
