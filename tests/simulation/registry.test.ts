import { expect, test } from "bun:test";
import { RegistryHistory } from "../support/simulation/registry-history.ts";

test.each(Array.from({ length: 30 }, (_, at) => at + 1))(
  "viewers play while nodes, links and Redis fail, each stream has one owner in the end, and nothing stays (history %i)",
  async (seed) => {
    const history = new RegistryHistory(seed);
    await history.run(60);
    // What had happened is of use only to who looks for the reason.
    expect(history.wrong, history.events.join("\n")).toEqual([]);
  },
);
