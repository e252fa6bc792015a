import { expect, test } from "bun:test";
import { EdgeStage } from "../../../support/edges.ts";

test("An edge soon asks an origin again that answers its cluster, even if it counted as dead", () => {
  const stage = new EdgeStage();
  const edge = stage.node("e", { origin: ["a"] });
  stage.net.hosts.set("a:1935", { refuse: "connection refused" });
  const viewer = stage.watch(edge);
  stage.clock.advance(60_000);
  const retryInMs = () => edge.edge.report().origins?.[0]?.retryInMs ?? 0;
  while (retryInMs() < 5000) stage.clock.advance(100);
  const a = stage.node("a");
  a.publish().headers().key("k");
  edge.edge.serverReturned(new Set(["b"]));
  stage.clock.advance(600);
  expect(viewer.log).not.toContain("k");
  edge.edge.serverReturned(new Set(["a"]));
  stage.clock.advance(600);
  expect(viewer.log).toContain("k");
});
