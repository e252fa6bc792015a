import { expect, test } from "bun:test";
import { Group } from "../../../src/loadgen/group.ts";

test("a server's text is one line without control characters", () => {
  const group = new Group(1);
  group.count("refused: \u001b[2Jno\n10 of 10 playing, 0 lost");
  expect(Object.keys(group.reasons.toObject())).toEqual(["refused: \\u001b[2Jno\\n10 of 10 playing, 0 lost"]);
});
