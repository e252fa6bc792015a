import { expect, test } from "bun:test";
import { parseOrigin } from "../../../../src/features/edge/address.ts";
import { EdgeStage } from "../../../support/edges.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { publishDefaults } from "../../../support/rtmp-stage.ts";

const standby = { ...publishDefaults, on_conflict: "standby" as const };

/** C forwards to B, A pulls from B and forwards as it is told. */
function chain(...forward: readonly string[]) {
  const stage = new EdgeStage();
  const { clock, net } = stage;
  const c = new FakeNode(clock, net, "c:1935", ["b:1935"]);
  const b = new FakeNode(clock, net, "b:1935", [], standby);
  const a = new FakeNode(clock, net, "a:1935", forward, undefined, { origin: [parseOrigin("b:1935")] });
  const hops = () => a.stream().source?.info.hops;
  return { stage, clock, a, b, c, hops };
}

test("a pulled stream has the hops of all servers that it has passed, and others when its source changes", () => {
  const { stage, clock, a, b, c, hops } = chain();
  const far = c.publish().headers();
  stage.watch(a);
  stage.second("k", far);
  expect(hops()).toEqual(["c:1935", "b:1935"]);
  const near = b.publish("show", { id: "near" }).headers("V1", "A1");
  stage.second("K", far, near);
  far.end("lost");
  clock.advance(100);
  stage.second("L", near);
  expect(b.stream().source?.info.id).toBe("near");
  expect(hops()).toEqual(["b:1935"]);
});

test("a pulled stream is not pushed to a server far back on its way", () => {
  const { stage, a, c, clock } = chain("c:1935");
  const far = c.publish().headers();
  stage.watch(a);
  stage.second("k", far);
  clock.advance(100);
  expect(a.log.take(/forward failed to/)).toEqual([
    expect.stringContaining("to=c:1935 stream=/live/show error=refused: forward loop"),
  ]);
});

test("a stream is no longer pulled from a server to which it now comes from here", () => {
  const { stage, a, b, hops } = chain();
  const near = b.publish().headers();
  stage.watch(a);
  stage.second("k", near);
  expect(hops()).toEqual(["b:1935"]);
  near.source.reroute(["a:1935"]);
  stage.clock.advance(10);
  expect(a.log.take(/the stream comes from here/)).toHaveLength(1);
  expect(hops()).toBeUndefined();
});
