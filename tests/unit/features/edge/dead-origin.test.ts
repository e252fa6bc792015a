import { describe, expect, test } from "bun:test";
import { EdgeStage } from "../../../support/edges.ts";

const STREAMS = 50;
const names = Array.from({ length: STREAMS }, (_, at) => `s${at}`);

/** How many lines of each kind there are, by their level, what they tell and the server; lines of a sum are given whole. */
function kinds(lines: readonly string[]): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const line of lines) {
    const kind = line.includes(" for more streams ") ? line : line.replace(/ \w+(?= pu)/, "").replace(/ stream=.*/, "");
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** Fifty streams that an edge fetches from `a`, or pushes to it. */
function stage(what: "pull" | "push", origins: readonly string[]) {
  const stage = new EdgeStage();
  const nodes = origins.map((name) => stage.node(name));
  const edge = stage.node("e", { origin: origins, choice: "order" });
  const from = what === "pull" ? nodes : [edge];
  const feeds = from.flatMap((node) => names.map((name) => node.publish(name).headers()));
  if (what === "pull") for (const name of names) stage.watch(edge, name);
  const seconds = (count: number) => {
    for (let at = 0; at < count; at++) stage.second(`k${at}`, ...feeds);
  };
  seconds(2);
  /** The lines about pulls and pushes since the last call, without debug lines. */
  const take = () => kinds(edge.log.take(/^(info|warn) \w*\d* ?pu(ll|sh) /));
  return { stage, nodes, seconds, take };
}

describe.each([
  ["fetched from", "pull", "from"],
  ["pushed to", "push", "to"],
] as const)("An origin that many streams are %s", (_how, what, way) => {
  test("gets ten lines of each kind and one with the number of the others when it dies, and when it is back", () => {
    const { stage: at, nodes, seconds, take } = stage(what, ["a"]);
    expect(take()).toEqual({ [`info ${what} running ${way}=a:1935`]: STREAMS });

    at.kill("a");
    seconds(20);
    expect(take()).toEqual({
      [`warn ${what} lost ${way}=a:1935`]: 10,
      [`warn ${what} lost for more streams ${way}=a:1935 streams=40`]: 1,
      [`warn ${what} failed ${way}=a:1935`]: 10,
      [`warn ${what} failed for more streams ${way}=a:1935 streams=40`]: 1,
    });

    for (const node of nodes) at.net.hosts.set("a:1935", node.host);
    seconds(45);
    expect(take()).toEqual({
      [`info ${what} running ${way}=a:1935`]: 10,
      [`info ${what} running for more streams ${way}=a:1935 streams=40`]: 1,
    });
  });

  test("gets as few when another one takes the streams over", () => {
    const { stage: at, seconds, take } = stage(what, ["a", "b"]);
    take();
    at.kill("a");
    seconds(12);
    expect(take()).toEqual({
      [`warn ${what} lost ${way}=a:1935`]: 10,
      [`warn ${what} lost for more streams ${way}=a:1935 streams=40`]: 1,
      [`info ${what} running ${way}=b:1935`]: 10,
      [`info ${what} running for more streams ${way}=b:1935 streams=40`]: 1,
    });
  });
});
