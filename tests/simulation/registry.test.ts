import { describe, expect, test } from "bun:test";
import { type BrokenRule, RegistryHistory } from "../support/simulation/registry-history.ts";

describe("A cluster with a registry", () => {
  test.each(Array.from({ length: 30 }, (_, at) => at + 1))(
    "plays and has one owner for each stream in the end, while nodes, links, encoders and Redis fail, and leaves nothing (history %i)",
    async (seed) => {
      const history = new RegistryHistory(seed);
      await history.run(60);
      // What had happened is of use only to who looks for the reason.
      expect(history.wrong, history.events.join("\n")).toEqual([]);
    },
  );

  test.each<BrokenRule>(["claims are asked for", "leases are renewed", "lost claims are told"])(
    "is seen to be wrong when it breaks the rule that %s",
    async (rule) => {
      const wrong: string[] = [];
      for (let seed = 1; seed <= 20 && wrong.length === 0; seed++) {
        const history = new RegistryHistory(seed, rule);
        await history.run(60);
        wrong.push(...history.wrong);
      }
      expect(wrong.join()).toMatch(
        /two encoders of \w+ run|is published at another node|finds (?:0 publishers|s\d at)/,
      );
    },
  );
});
