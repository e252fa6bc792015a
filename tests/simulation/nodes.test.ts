import { expect, test } from "bun:test";
import type { NodeState } from "../../src/live/ports/nodes.ts";
import { type ClusterNode, ClusterStage, type Mood } from "../support/cluster-stage.ts";
import { between, pick } from "../support/random.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const MOODS: readonly Mood[] = [
  ...(["well", "well", "well", "down", "silent", "garbage", "forging", "replaying", "another version"] as const),
  { lateMs: 300 },
  { lateMs: 5000 },
];
/** A node that has not answered for this long is out. */
const OUT_MS = 3000;
/** Nodes that are well for this long see each other: the longest pause between questions, and one that hangs. */
const SEEN_MS = 9000;

/** A node whose answers come in time. */
function answersWell({ mood }: ClusterNode): boolean {
  return mood === "well" || (typeof mood === "object" && mood.lateMs < 1000);
}

/** Nodes that stop, hang, lie, come late, restart and drain, as chance has it. */
class Histories {
  readonly stage: ClusterStage;
  readonly random: () => number;
  /** Since when each answers as it does, ms. */
  readonly since = new Map<ClusterNode, number>();

  constructor(seed: number) {
    this.stage = new ClusterStage(seed);
    this.random = this.stage.random;
    for (const name of NAMES) this.since.set(this.stage.add(name), 0);
    this.stage.start();
  }

  run(seconds: number): void {
    for (let at = 0; at < 2 * seconds; at++) {
      if (this.random() < 0.15) this.#randomEvent(pick(this.random, this.stage.nodes));
      this.stage.clock.advance(500);
      this.#check();
    }
  }

  #randomEvent(node: ClusterNode): void {
    const was = answersWell(node);
    const before = JSON.stringify(node.cluster.all()[0]?.state?.id);
    node.mood = pick(this.random, MOODS);
    const what = between(this.random, 0, 9);
    if (what === 0) node.restart();
    if (what === 1) node.publish(`v/live/${between(this.random, 0, 9)}`);
    if (what === 2) node.unpublish(`v/live/${between(this.random, 0, 9)}`);
    const isOther = JSON.stringify(node.cluster.all()[0]?.state?.id) !== before;
    if (answersWell(node) !== was || isOther || what < 3) this.since.set(node, this.stage.clock.now());
  }

  #check(): void {
    const now = this.stage.clock.now();
    const wrong: unknown[] = [];
    for (const node of this.stage.nodes) {
      const { fit } = node;
      for (const other of this.stage.nodes.filter((each) => each !== node)) {
        const [lasted, here] = [other, node].map((each) => now - (this.since.get(each) ?? now)) as [number, number];
        const isFit = fit.includes(other.name);
        const known = node.of(other.name);
        if (answersWell(other) ? Math.min(lasted, here) >= SEEN_MS && !isFit : lasted >= OUT_MS && isFit)
          wrong.push({ at: now, node: node.name, of: other.name, mood: other.mood, problems: known?.problems });
        if (!answersWell(other) || Math.min(lasted, here) < SEEN_MS) continue;
        const own = other.cluster.all()[0]?.state;
        if (known?.state?.id !== own?.id || !isSame(known?.state?.streams, own?.streams))
          wrong.push({ at: now, node: node.name, of: other.name, known: known?.state, own });
      }
    }
    expect(wrong).toEqual([]);
  }
}

function isSame(one: NodeState["streams"] = new Map(), other: NodeState["streams"] = new Map()): boolean {
  return one.size === other.size && [...one].every(([key, role]) => other.get(key) === role);
}

test.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
  "nodes that fail in all ways are out within 3 s and back within 9 s, with what they have (history %i)",
  (seed) => {
    const histories = new Histories(seed);
    histories.run(120);
    // Outages are told, not each of their failures.
    for (const { log } of histories.stage.nodes) expect(log.take(/^warn/).length).toBeLessThan(120);
    histories.stage.stop();
    histories.stage.clock.advance(10_000);
    expect(histories.stage.clock.timers).toBe(0);
  },
);
