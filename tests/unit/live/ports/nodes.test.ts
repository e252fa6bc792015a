import { expect, test } from "bun:test";
import { JoinedNodes, type KnownNode, MemoryNodes } from "../../../../src/live/ports/nodes.ts";
import { nodeState } from "../../../support/api-stage.ts";

const at = { now: () => 0 };

function known(id: string, heardBy: KnownNode["heardBy"], alive = true): KnownNode {
  const rest = heardBy === undefined ? {} : { heardBy };
  return { isSelf: false, source: id, alive, seenAt: 0, state: nodeState(id), problems: [], ...rest };
}

test("A node that several sources know is listed once with all of them, and a dead one stays beside its living successor", () => {
  const [peers, registry] = [new MemoryNodes(() => nodeState("00"), at), new MemoryNodes(() => nodeState("00"), at)];
  peers.others = [known("aa", ["peers"]), known("bb", ["peers"], false)];
  registry.others = [known("aa", ["registry"]), known("bb", ["registry"]), known("cc", ["registry"])];
  const nodes = new JoinedNodes([peers, registry]).all();
  expect(nodes.map(({ state, alive, heardBy }) => [state?.id, alive, heardBy])).toEqual([
    ["00", true, undefined],
    ["aa", true, ["peers", "registry"]],
    ["bb", false, ["peers"]],
    ["bb", true, ["registry"]],
    ["cc", true, ["registry"]],
  ]);
});

test("This process has the problems that any source has found with its address, each once", () => {
  const [peers, registry] = [new MemoryNodes(() => nodeState("00"), at), new MemoryNodes(() => nodeState("00"), at)];
  const nodes = new JoinedNodes([peers, registry]);
  expect(nodes.all()[0]?.problems).toEqual([]);
  peers.ownProblems = ["it can't be reached"];
  registry.ownProblems = ["it can't be reached", "it is advertised twice"];
  expect(nodes.all()[0]?.problems).toEqual(["it can't be reached", "it is advertised twice"]);
});
