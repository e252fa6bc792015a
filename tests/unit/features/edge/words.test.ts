import { describe, expect, test } from "bun:test";
import type { Demand } from "../../../../src/live/readers/demand.ts";
import { EdgeStage } from "../../../support/edges.ts";
import type { FakeNode } from "../../../support/fake-node.ts";
import { flvFile } from "../../../support/flv.ts";
import { payloads } from "../../../support/live.ts";

/** The node lets those play whose URL has one of these tokens. */
function ask(node: FakeNode, ...tokens: readonly string[]): void {
  node.guards.push({
    name: "token",
    check: ({ action, param }) =>
      action === "publish" || tokens.some((token) => param.includes(token))
        ? undefined
        : { kind: "denied", reason: "no good token" },
  });
}

/** Watches, and leaves when it is refused; what it was told. */
function watch(stage: EdgeStage, edge: FakeNode, demand: Partial<Demand>) {
  const viewer = stage.watch(edge, "show", demand);
  const refused: string[] = [];
  viewer.onRefused = (reason) => {
    refused.push(reason);
    viewer.leave();
  };
  return { viewer, refused };
}

const FORGED = Array.from({ length: 32 }, (_, at) => `hop${at}`);

describe("A viewer whose parameters an origin refuses", () => {
  test("is refused with the origin's text, and viewers with better parameters get the stream", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    ask(a, "good");
    const feed = a.publish().headers();
    const bad = [1, 2, 3].map((at) => watch(stage, edge, { param: `?token=bad${at}`, hops: FORGED }));
    const good = watch(stage, edge, { param: "?token=good" });
    for (const name of ["k", "l"]) stage.second(name, feed);
    expect(bad.map(({ refused }) => refused)).toEqual(Array(3).fill(["no good token"]));
    expect(good.viewer.log).toContain("l+23");
    expect(good.refused).toEqual([]);
  });

  test("is refused at once when it comes again with the same parameters, at no cost for the origin", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    stage.node("e", { origin: ["a"], missing_ttl: 5 });
    ask(a, "good");
    const come = () => {
      stage.net.dials.length = 0;
      const told = stage.client("e", "play", "rtmp://e/live", "show?token=bad");
      stage.clock.advance(100);
      return { told, dials: stage.net.dials.filter((to) => to === "a:1935").length };
    };
    expect(come()).toEqual({
      told: ["started", "ended by the server: no good token (NetStream.Play.Failed)"],
      dials: 1,
    });
    expect(come()).toEqual({ told: ["refused: no good token (NetStream.Play.Failed)"], dials: 0 });
    stage.clock.advance(5000);
    expect(come().dials).toBe(1);
  });

  test("does not make the stream missing for others", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], wait: 10, missing_ttl: 60 });
    ask(a, "good");
    a.publish().headers().key("k");
    watch(stage, edge, { param: "?token=bad" });
    stage.clock.advance(100);
    const told = stage.client("e", "play", "rtmp://e/live", "show?token=good");
    const { viewer } = watch(stage, edge, { param: "?token=good" });
    stage.clock.advance(100);
    expect(told).toEqual(["started"]);
    expect(viewer.log).toContain("k");
  });

  test("does not keep others from a stream that edges fetch over edges", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    stage.node("m", { origin: ["a"] });
    const edge = stage.node("e", { origin: ["m"] });
    ask(a, "good");
    const feed = a.publish().headers();
    const bad = watch(stage, edge, { param: "?token=bad" });
    const good = watch(stage, edge, { param: "?token=good" });
    for (const name of ["k", "l", "m"]) stage.second(name, feed);
    expect(bad.refused).toEqual(["no good token"]);
    expect(good.viewer.log).toContain("m+22");
  });

  test("by a close without a reason waits, and later viewers get the stream", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const feed = a.publish().headers();
    stage.net.hosts.set("a:1935", {
      accept() {
        const real = a.accept();
        let said = "";
        return {
          onOpen: (transport) => real.onOpen(transport),
          onData(bytes) {
            said += Buffer.from(bytes).toString("latin1");
            if (said.includes("show?token=bad")) stage.net.last.accepted.close();
            else real.onData(bytes);
          },
          onDrain: () => real.onDrain(),
          onClose: (reason) => real.onClose(reason),
        };
      },
    });
    const bad = watch(stage, edge, { param: "?token=bad" });
    stage.clock.advance(120_000);
    const good = watch(stage, edge, { param: "?token=good" });
    stage.second("k", feed);
    expect([bad.refused, bad.viewer.log.at(-1), good.viewer.log.at(-1)]).toEqual([[], "k+24", "k+24"]);
  });
});

describe("A viewer for whose parameters an origin has no stream", () => {
  /** An origin over HTTP that knows the stream for one token, and answers others as if it were not there, or not well. */
  function stageOf(status: number, config: { wait?: number; missing_ttl?: number } = {}) {
    const stage = new EdgeStage();
    const edge = stage.node("e", { origin: ["http://a"], ...config });
    const page = (token: string) => `http://a:80/live/show.flv?token=${token}&enhanced=1`;
    for (const token of ["bad1", "bad2"])
      stage.net.pages.set(page(token), (handler) => handler.onResponse(status, undefined, ""));
    stage.net.pages.set(page("good"), (handler) => {
      handler.onResponse(200, undefined, "");
      handler.onData(flvFile([{ kind: 9, timestamp: 0, payload: payloads.key("k") }]));
    });
    return { stage, edge };
  }

  test.each([404, 500, 429])("does not keep viewers with better parameters from the stream: %i", (status) => {
    const { stage, edge } = stageOf(status);
    const bad = [1, 2].map((at) => watch(stage, edge, { param: `?token=bad${at}` }));
    stage.clock.advance(60_000);
    const good = watch(stage, edge, { param: "?token=good" });
    stage.clock.advance(60_000);
    expect(good.viewer.log).toContain("k");
    expect(bad.map(({ refused }) => refused)).toEqual([[], []]);
  });

  test("does not make the stream missing for others", () => {
    const { stage, edge } = stageOf(404, { wait: 10, missing_ttl: 60 });
    watch(stage, edge, { param: "?token=bad1", pageUrl: "http://page", swfUrl: "http://swf" });
    stage.clock.advance(100);
    const told = ["bad1", "good"].map((token) => stage.client("e", "play", "rtmp://e/live", `show?token=${token}`));
    stage.clock.advance(100);
    expect(told).toEqual([["refused: no origin has /live/show (NetStream.Play.StreamNotFound)"], ["started"]]);
  });
});

describe("A stream that has run", () => {
  test("is fetched again with the parameters that were accepted, whichever viewers have come and left", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    ask(a, "good");
    const feed = a.publish().headers();
    const good = watch(stage, edge, { param: "?token=good" });
    stage.second("k", feed);
    const forger = watch(stage, edge, { param: "?token=bad", hops: FORGED });
    const bad = watch(stage, edge, { param: "?token=bad" });
    good.viewer.leave();
    stage.net.last.accepted.abort();
    for (const name of ["l", "m"]) stage.second(name, feed);
    for (const { refused, viewer } of [forger, bad]) expect([refused, viewer.log.at(-1)]).toEqual([[], "m+24"]);
  });

  test("continues with the next viewer's parameters when they are no longer accepted, and disconnects no viewer", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const tokens = ["old"];
    a.guards.push({
      name: "token",
      check: ({ action, param }) =>
        action === "publish" || tokens.some((token) => param.includes(token))
          ? undefined
          : { kind: "denied", reason: "too late" },
    });
    const feed = a.publish().headers();
    const viewers = ["old", "none", "none", "new"].map((token) => watch(stage, edge, { param: `?token=${token}` }));
    stage.second("k", feed);
    tokens[0] = "new";
    stage.net.last.accepted.abort();
    for (const name of ["l", "m"]) stage.second(name, feed);
    for (const { viewer, refused } of viewers) expect([refused, viewer.log.at(-1)]).toEqual([[], "m+24"]);
    // Nobody's words are good: everybody waits, and goes on when somebody's are again.
    tokens[0] = "never";
    stage.net.last.accepted.abort();
    for (let at = 0; at < 60; at++) stage.second(`n${at}`, feed);
    tokens[0] = "none";
    for (let at = 0; at < 60; at++) stage.second(`o${at}`, feed);
    for (const { viewer, refused } of viewers) expect([refused, viewer.log.at(-1)]).toEqual([[], "o59+24"]);
  });
});

describe("Hops that a viewer names", () => {
  test.each([
    ["as many as there may be", FORGED],
    ["the origin's id", ["a:1935"]],
  ])("do not keep other viewers from the stream: %s", (_what, hops) => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], wait: 10, missing_ttl: 60 });
    const feed = a.publish().headers();
    watch(stage, edge, { hops });
    stage.clock.advance(60_000);
    const { viewer } = watch(stage, edge, {});
    const told = stage.client("e", "play", "rtmp://e/live", "show");
    stage.second("k", feed);
    expect(viewer.log).toContain("k+23");
    expect(told).toEqual(["started"]);
  });

  test("do not keep viewers from the stream behind another edge that waits there already", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    stage.node("m", { origin: ["a"] });
    const edge = stage.node("e", { origin: ["m"] });
    const feed = a.publish().headers();
    watch(stage, edge, { hops: ["a:1935"] });
    stage.clock.advance(10_000);
    const { viewer } = watch(stage, edge, {});
    stage.second("k", feed);
    expect(viewer.log).toContain("k+22");
  });

  test("do not make origins that fetch from each other refuse viewers: these wait", () => {
    const stage = new EdgeStage();
    const a = stage.node("a", { origin: ["b", "o"] });
    stage.node("b", { origin: ["o", "a"] });
    const origin = stage.node("o");
    const { viewer, refused } = watch(stage, a, {});
    stage.clock.advance(30_000);
    expect(refused).toEqual([]);
    const feed = origin.publish().headers();
    for (const name of ["k", "l", "m", "n", "o", "p", "q", "r"]) stage.second(name, feed);
    expect(viewer.log).toContain("r+22");
  });
});
