import { expect, test } from "bun:test";
import type { Demand } from "../../../src/live/readers/demand.ts";
import { LiveStage } from "../../support/live.ts";

const sink = { send: () => true };

function asking(param: string): Demand {
  return { param, hops: ["n1"], tcUrl: "rtmp://host/live", pageUrl: "", swfUrl: "" };
}

/** A stage whose observer writes down what it is told of viewers. */
function watched() {
  const stage = new LiveStage();
  const told: string[] = [];
  stage.streams.observe({
    published() {},
    unpublished() {},
    wanted: (stream, name, { param, hops }) => told.push(`wanted ${stream.key} ${name.stream} ${param} ${hops}`),
    viewerJoined: (_stream, { param }) => told.push(`joined ${param}`),
    unwanted: (stream) => told.push(`unwanted ${stream.key}`),
  });
  return { stage, told };
}

test("An observer is notified of the first viewer with its demand, and of the last one's leaving", () => {
  const { stage, told } = watched();
  const stream = stage.stream();
  const join = (param: string) => stream.join(stage.format(), sink, {}, asking(param));
  const one = join("?a=1");
  const two = join("?a=2");
  const params = () => [...stream.demands()].map(({ param }) => param);
  expect(params()).toEqual(["?a=1", "?a=2"]);
  stream.leave(one);
  stream.leave(one);
  expect(params()).toEqual(["?a=2"]);
  expect(told).toEqual([`wanted ${stream.key} show ?a=1 n1`, "joined ?a=2"]);
  stream.leave(two);
  expect(params()).toEqual([]);
  expect(told.at(-1)).toBe(`unwanted ${stream.key}`);
  expect(stage.streams.size).toBe(0);
  stream.leave(join("?a=3"));
  expect(told).toHaveLength(5);
});

test("Only viewers with refused parameters are notified, and they may leave at once", () => {
  const { stage } = watched();
  const stream = stage.stream();
  const told: string[] = [];
  const join = (param: string | undefined) => {
    const name = param ?? "relay";
    const reader = stream.join(
      stage.format(),
      sink,
      {
        refused(reason) {
          told.push(`${name} ${reason}`);
          stream.leave(reader);
        },
      },
      param === undefined ? undefined : asking(param),
    );
  };
  for (const param of ["?bad", undefined, "?good", "?bad"]) join(param);
  stream.notifyRefused(({ param }) => param === "?bad", "no");
  expect(told).toEqual(["?bad no", "?bad no"]);
  expect(stream.viewers).toBe(1);
});

test("Thousands of viewers with refused parameters are notified over several turns", () => {
  const { stage } = watched();
  const stream = stage.stream();
  const join = () => {
    const reader = stream.join(
      stage.format(),
      sink,
      {
        refused() {
          stage.clock.spend(1);
          stream.leave(reader);
        },
      },
      asking("?bad"),
    );
  };
  for (let i = 0; i < 10; i++) join();
  stream.notifyRefused(() => true, "no");
  expect(stream.viewers).toBe(6);
  stage.clock.turn();
  expect(stream.viewers).toBe(2);
  stage.clock.settle();
  expect(stream.viewers).toBe(0);
});

test("Relays do not count as viewers", () => {
  const { stage, told } = watched();
  stage.publish().headers().gop("k", 1);
  stage.view().leave();
  expect(told).toEqual([]);
});

test("Readers are notified that no server has a stream, and may leave then", () => {
  const { stage, told } = watched();
  const stream = stage.stream();
  const missing: string[] = [];
  for (const name of ["one", "two"]) {
    const reader = stream.join(
      stage.format(),
      sink,
      {
        missing: (reason) => {
          missing.push(`${name}: ${reason}`);
          stream.leave(reader);
        },
      },
      asking(""),
    );
  }
  stage.view();
  stream.notifyMissing("no origin has it");
  expect(missing).toEqual(["one: no origin has it", "two: no origin has it"]);
  expect(told.at(-1)).toBe(`unwanted ${stream.key}`);
});
