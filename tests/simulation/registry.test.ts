import { describe, expect, test } from "bun:test";
import { RegistryHistory } from "../support/simulation/registry-history.ts";
import type { BrokenRule } from "../support/simulation/registry-rules.ts";
import type { HistoryForm } from "../support/simulation/registry-scope.ts";

/** Number of histories in one test, so that a failure is reported before all have run. */
const BATCH = 100;
/** Among this many histories, each broken rule is seen in several. */
const ENOUGH = 400;

/** Runs histories until one fails: its seed, what is wrong in it, and its events, which help to find the cause. */
function failure(form: HistoryForm, from: number, count: number, broken?: BrokenRule) {
  for (let seed = from; seed < from + count; seed++) {
    const history = new RegistryHistory(seed, form, broken);
    history.run();
    if (history.wrong.length > 0) return { seed, wrong: history.wrong, events: history.events };
  }
  return undefined;
}

describe("A cluster with a registry", () => {
  test.each(Array.from({ length: 10 }, (_, at) => at + 1))(
    "plays and has one owner for each stream in the end, while nodes, links, encoders and Redis fail, and leaves nothing (history %i)",
    (seed) => {
      expect(failure("rtmp", seed, 1)).toBeUndefined();
    },
  );

  test.each(Array.from({ length: 10 }, (_, at) => at * BATCH + 1))(
    `does so in ${BATCH} histories without RTMP (from %i on)`,
    (from) => {
      expect(failure("direct", from, BATCH)).toBeUndefined();
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
    expect(failure("direct", 1, ENOUGH, rule)?.wrong.join()).toMatch(
      /two encoders of \w+ run|is published at another node|finds (?:0 publishers|s\d at)|is refused at|waits for|is owned by|nodes are at|gets nothing/,
    );
  });
});
