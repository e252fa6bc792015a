import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { NodeAnswer, NodeLink } from "../../../../../src/features/console/browser/api-answers.ts";
import { nodeName, type Picture, pictureOf } from "../../../../../src/features/console/browser/picture.ts";
import {
  configProblems,
  limitProblems,
  problemsOf,
  registryProblems,
} from "../../../../../src/features/console/browser/problems.ts";

const quiet: NodeLink = { flow: "push", to: "", running: 1, failing: 0, paused: 0, kbps: 100, lag_ms: 5, error: null };

/** A node with the advertised address `NAME:1935`; the first name is that of the asked server. */
function node(name: string, links: readonly Partial<NodeLink>[] = [], more: Partial<NodeAnswer> = {}): NodeAnswer {
  return {
    ...{ id: name, self: false, peer: `http://${name}:1985`, state: "alive", version: "1", zone: "", streams: 1 },
    ...{ advertise: [`rtmp://${name}:1935`], connections: 1, max_connections: 10, kbps: 500, cpu: 0.1, published: 1 },
    ...{ relayed: 0, seen_ms: 5, problems: [], heard_by: [] },
    flow: {
      ...{ encoders: 0, viewers: 0, kbps_in: 300, age_ms: 3, unhealthy: 0 },
      links: links.map((link) => ({ ...quiet, ...link })),
    },
    ...more,
  };
}

/** Lines as `FROM > TO STATE`, in alphabetical order. */
function linesOf({ lines }: Picture): string[] {
  return lines.map(({ from, to, state }) => `${from} > ${to} ${state}`).toSorted();
}

function columnsOf({ boxes }: Picture): Record<string, number> {
  return Object.fromEntries(boxes.map(({ key, column }) => [key, column]));
}

const self = { self: true, peer: "" } as const;
const withEnds = (of: NodeAnswer, encoders: number, viewers: number): NodeAnswer => ({
  ...of,
  flow: of.flow === null ? null : { ...of.flow, encoders, viewers },
});

describe("The picture", () => {
  test("has encoders, origin, edges and viewers in columns, whether edges are fed or fetch", () => {
    const picture = pictureOf([
      withEnds(node("o", [{ to: "a:1935" }, { flow: "serve", to: "b" }], self), 2, 0),
      withEnds(node("a"), 0, 3),
      withEnds(node("b", [{ flow: "pull", to: "o:1935" }]), 0, 4),
    ]);
    expect(columnsOf(picture)).toEqual({
      ...{ "encoders node": 0, node: 1, "node http://a:1985": 2, "node http://b:1985": 2 },
      ...{ "viewers node http://a:1985": 3, "viewers node http://b:1985": 3 },
    });
    expect(linesOf(picture)).toEqual([
      "encoders node > node running",
      "node > node http://a:1985 running",
      "node > node http://b:1985 running",
      "node http://a:1985 > viewers node http://a:1985 running",
      "node http://b:1985 > viewers node http://b:1985 running",
    ]);
  });

  test("gives encoders and viewers the bitrate that no link carries", () => {
    const { boxes } = pictureOf([withEnds(node("o", [{ to: "a:1935", kbps: 200 }], self), 1, 1), node("a")]);
    expect(boxes.filter(({ kind }) => kind === "viewers")).toMatchObject([{ kbps: 300 }]);
    expect(boxes.filter(({ kind }) => kind === "encoders")).toMatchObject([{ kbps: 300 }]);
  });

  test("has servers that are not nodes", () => {
    const picture = pictureOf([node("o", [{ to: "cdn:1935" }, { flow: "serve", to: "10.0.0.9" }], self)]);
    expect(linesOf(picture)).toEqual(["node > server 10.0.0.9 running", "node > server cdn:1935 running"]);
  });

  test("knows a node by its host when it is alone there, also by a peer's address without advertised ones", () => {
    const picture = pictureOf([node("o", [{ to: "a:1936" }], self), node("a", [], { advertise: [] })]);
    expect(linesOf(picture)).toEqual(["node > node http://a:1985 running"]);
    expect(nodeName(node("a", [], { advertise: [] }))).toBe("a:1985");
  });

  test("shows failed links, and the links that a dead node had last", () => {
    const picture = pictureOf([
      node("o", [{ to: "a:1935", running: 0, failing: 2 }], self),
      node("a", [], { state: "dead" }),
      node("b", [{ flow: "pull", to: "o:1935" }, { to: "gone:1935" }], { state: "dead" }),
    ]);
    expect(linesOf(picture)).toEqual(["node > node http://a:1985 failing", "node > node http://b:1985 failing"]);
  });

  test("draws servers that feed each other, once in each direction", () => {
    const picture = pictureOf([
      node("o", [{ to: "a:1935" }, { to: "o:1935" }], self),
      node("a", [{ to: "o:1935", running: 0, paused: 1 }]),
    ]);
    expect(linesOf(picture)).toEqual(["node > node http://a:1985 running", "node http://a:1985 > node paused"]);
  });

  test("has nodes that feed each other in a circle in one column, after those that feed them", () => {
    const mesh = ["a", "b", "c"].map((name) =>
      node(
        name,
        ["a", "b", "c"].filter((other) => other !== name).map((other) => ({ flow: "pull", to: `${other}:1935` })),
      ),
    );
    const picture = pictureOf([node("o", [{ to: "a:1935" }], self), ...mesh]);
    expect(columnsOf(picture)).toEqual({ node: 1, ...Object.fromEntries(mesh.map(({ peer }) => [`node ${peer}`, 2])) });
  });

  test("leaves out a dead node that has started again under another id, and names one that has no name", () => {
    const again = [node("a", [], { id: "1", state: "dead" }), node("a", [], { id: "2" })];
    const { boxes } = pictureOf([node("o", [], self), ...again]);
    expect(boxes.filter(({ kind }) => kind === "node")).toMatchObject([{}, { node: { id: "2" } }]);
    expect(nodeName(node("a", [], { advertise: [], peer: "", id: "f00" }))).toBe("f00");
    expect(nodeName(node("a", [], { advertise: [], peer: "", id: null }))).toBe("?");
  });

  test("is drawn for any reports of nodes: each line is between boxes, and no box is drawn twice", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "x");
    const links = fc.array(
      fc.record({
        flow: fc.constantFrom<NodeLink["flow"]>("push", "pull", "serve"),
        to: fc.oneof(
          name,
          name.map((each) => `${each}:1935`),
          fc.string(),
        ),
        failing: fc.nat(2),
      }),
      { maxLength: 8 },
    );
    const state = fc.constantFrom<NodeAnswer["state"]>("alive", "draining", "dead");
    fc.assert(
      fc.property(fc.array(fc.tuple(links, state), { minLength: 1, maxLength: 4 }), (plans) => {
        const nodes = plans.map(([those, word], at) =>
          node("abcd"[at] ?? "", those, at === 0 ? self : { state: word }),
        );
        const { boxes, lines } = pictureOf(nodes.map((each) => withEnds(each, 1, 1)));
        const keys = boxes.map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        expect(lines.filter(({ from, to }) => !keys.includes(from) || !keys.includes(to))).toEqual([]);
        expect(new Set(lines.map(({ from, to }) => `${from} ${to}`)).size).toBe(lines.length);
      }),
    );
  });
});

describe("Problems", () => {
  test("are those of nodes, of links with their errors, of streams and of limits", () => {
    const failing = { to: "a:1935", failing: 1, error: "refused" };
    const { flow } = node("o", [failing, { flow: "pull", to: "up:1935", failing: 2 }]);
    const bad = node("o", [], {
      ...self,
      flow: flow && { ...flow, unhealthy: 1 },
      problems: ["h is advertised twice"],
    });
    expect(problemsOf(bad)).toEqual([
      { text: "this server: h is advertised twice", page: undefined },
      { text: "1 connection of this server to a:1935 fails: refused", page: "relays" },
      { text: "2 connections of up:1935 to this server fail", page: "relays" },
      { text: "1 stream of this server is unhealthy", page: "health" },
    ]);
    expect(problemsOf(node("a", [failing], { state: "dead" }))).toEqual([
      { text: "a:1935 does not answer", page: undefined },
    ]);
    const registry = { to: "redis://r", up: true, since: 0, last_error: null, refused: 0, dropped: 0, lost_claims: 0 };
    expect([registryProblems(null), registryProblems(registry)]).toEqual([[], []]);
    expect(registryProblems({ ...registry, up: false, last_error: "no answer" })).toEqual([
      { text: "The registry is away: no answer", page: undefined },
    ]);
    expect(registryProblems({ ...registry, last_error: "OOM" })).toEqual([
      { text: "The registry refuses commands: OOM", page: undefined },
    ]);
    const refused = { at: 0, lines: ["x.toml:1: wrong", "nothing was changed"] };
    const waiting = ["listen", "pid"].map((key) => ({ key, reason: "it is read at the start" }));
    expect([configProblems(undefined), configProblems({ refused: null, waiting: [] })]).toEqual([[], []]);
    expect(configProblems({ refused, waiting })).toEqual([
      { text: "The last reload was refused: x.toml:1: wrong nothing was changed", page: "config" },
      { text: "The file has changes that wait for a restart: listen, pid", page: "config" },
    ]);
    const many = { at: 0, lines: Array.from({ length: 1000 }, (_, at) => `x.toml:${at + 1}: wrong`) };
    expect(configProblems({ refused: many, waiting: [] })[0]?.text).toBe(
      "The last reload was refused: x.toml:1: wrong x.toml:2: wrong x.toml:3: wrong and 997 more",
    );
    expect(limitProblems([{ limit: "max_connections", of: "", now: 9, max: 10 }])).toEqual([
      { text: "max_connections is nearly used up: 9 of 10", page: "health" },
    ]);
  });
});
