import { describe, expect, test } from "bun:test";
import { RegistryHistory } from "../support/simulation/registry-history.ts";
import type { BrokenRule } from "../support/simulation/registry-rules.ts";

describe("A cluster with a registry", () => {
  test.each(Array.from({ length: 30 }, (_, at) => at + 1))(
    "plays and has one owner for each stream in the end, while nodes, links, encoders and Redis fail, and leaves nothing (history %i)",
    (seed) => {
      const history = new RegistryHistory(seed);
      history.run(60);
      // What had happened is of use only to who looks for the reason.
      expect(history.wrong, history.events.join("\n")).toEqual([]);
    },
  );

  test.each<BrokenRule>([
    "claims are asked for",
    "leases are renewed",
    "lost claims are told",
    "copies yield to publishers",
    "owners tell whether a publisher is alive",
    "standbys ask for their streams again",
    "servers are compared",
    "a new process tells what the old one publishes",
  ])("is seen to be wrong when it breaks the rule that %s", (rule) => {
    let wrong: readonly string[] = [];
    for (let seed = 1; seed <= 60 && wrong.length === 0; seed++) {
      const history = new RegistryHistory(seed, rule);
      history.run(60);
      wrong = history.wrong;
    }
    expect(wrong.join()).toMatch(
      /two encoders of \w+ run|is published at another node|finds (?:0 publishers|s\d at)|is refused at|waits for|is owned by|nodes are at|gets nothing/,
    );
  });
});
