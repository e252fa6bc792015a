import { describe, expect, test } from "bun:test";
import { Director } from "../../../../src/features/director/director.ts";
import type { AccessRequest } from "../../../../src/live/ports/access.ts";
import { type KnownNode, MemoryNodes, type NodeState } from "../../../../src/live/ports/nodes.ts";
import { accessRequest } from "../../../support/access.ts";
import { nodeState } from "../../../support/api-stage.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { answerOf, bodyOf } from "../../../support/http-exchange.ts";
import { getRequest } from "../../../support/http-request.ts";

const KEY = "__defaultVhost__/live/show";
const published = new Map([[KEY, "published"]] as const);
const relayed = new Map([[KEY, "relayed"]] as const);
const name = { vhost: "__defaultVhost__", app: "live", stream: "show" };

/** A director among nodes that a test sets; the node that is asked has the least room. */
class Stage {
  readonly clock = new FakeClock();
  mode: "off" | "redirect" | "proxy" = "redirect";
  own: Partial<NodeState> = {};
  readonly nodes = new MemoryNodes(
    () =>
      nodeState("00", {
        advertise: ["rtmp://own:1935", "http://own:80"],
        load: { connections: 900, maxConnections: 1000, kbps: 0, maxKbps: 0, cpu: 0 },
        ...this.own,
      }),
    this.clock,
  );
  readonly director = new Director({
    clock: this.clock,
    nodes: this.nodes,
    vhost: (vhost) => (vhost === "nowhere" ? undefined : { name: name.vhost, director: this.mode }),
    isOn: () => this.mode !== "off",
  });

  set(...states: readonly (Partial<NodeState> & { readonly id: string; readonly alive?: boolean })[]): void {
    this.nodes.others = states.map(({ id, alive = true, ...more }): KnownNode => {
      const advertise = [`rtmp://${id}:1935`, `http://${id}:80`];
      const state = nodeState(id, { advertise, ...more });
      return { isSelf: false, source: id, alive, seenAt: this.clock.now(), state, problems: [] };
    });
  }

  /** The server that a viewer is sent to; undefined when it is served here. */
  sent(change: Partial<AccessRequest> = {}): string | undefined {
    const result = this.director.check(accessRequest({ follows: ["rtmp"], ...change }));
    if (result === undefined || result instanceof Promise) return undefined;
    expect(result.kind).toBe("elsewhere");
    return result.elsewhere?.server;
  }

  ask(query: string): { status: number; json: Record<string, unknown> } {
    const answer = answerOf(this.director, getRequest(`/api/v1/director${query}`));
    return { status: answer?.status ?? 0, json: JSON.parse(new TextDecoder().decode(bodyOf(answer))) };
  }
}

describe("A viewer that follows redirects", () => {
  test("is sent to the node with room that has the stream or fetches it", () => {
    const stage = new Stage();
    stage.own = { streams: published };
    stage.set({ id: "b" }, { id: "c", fetches: ["other"] });
    expect(stage.sent()).toBeUndefined();
    stage.set({ id: "b" }, { id: "c", fetches: [name.vhost] });
    expect(stage.sent()).toBe("rtmp://c:1935");
    stage.set({ id: "b", streams: relayed });
    expect(stage.sent({ follows: ["http", "https"] })).toBe("http://b:80");
  });

  test("is served here when a server has sent it here, it follows no redirects, or no node has its stream", () => {
    const stage = new Stage();
    stage.set({ id: "b", fetches: [name.vhost] });
    expect(stage.sent()).toBeUndefined();
    stage.set({ id: "b", streams: published });
    expect(stage.sent()).toBe("rtmp://b:1935");
    expect(stage.sent({ directed: true })).toBeUndefined();
    expect(stage.sent({ follows: [] })).toBeUndefined();
    expect(stage.sent({ name: { ...name, stream: "other" } })).toBeUndefined();
    expect(stage.sent({ param: "?a=b c" })).toBeUndefined();
  });

  test.each(["off", "proxy"] as const)("is served here with director = %s", (mode) => {
    const stage = new Stage();
    stage.set({ id: "b", streams: published });
    stage.mode = mode;
    expect(stage.sent()).toBeUndefined();
  });

  test("is never sent to a node that is dead, drains, has a weight of 0 or advertises no address", () => {
    const stage = new Stage();
    stage.own = { streams: published, advertise: [] };
    const streams = relayed;
    stage.set(
      { id: "b", streams, alive: false },
      { id: "c", streams, draining: true },
      { id: "d", streams, weight: 0 },
      { id: "e", streams, advertise: [] },
    );
    expect(stage.sent()).toBeUndefined();
  });

  test("is sent with the vhost, which the other server's address does not show, and the mark", () => {
    const stage = new Stage();
    const vhost = "a.example";
    stage.set({ id: "b", streams: new Map([[`${vhost}/live/show`, "published"]]) });
    const result = stage.director.check(accessRequest({ name: { ...name, vhost }, follows: ["rtmp"] }));
    expect(result).toMatchObject({ elsewhere: { params: "vhost=a.example&srs_directed=1" } });
  });
});

describe("A server that fetches", () => {
  test("is sent where the stream is published, unless it would come back there or this node has it", () => {
    const stage = new Stage();
    stage.set({ id: "b", streams: published }, { id: "c", streams: relayed, fetches: [name.vhost] });
    expect(stage.sent({ hops: ["e"] })).toBe("rtmp://b:1935");
    expect(stage.sent({ hops: ["b"] })).toBeUndefined();
    stage.own = { streams: relayed };
    expect(stage.sent({ hops: ["e"] })).toBeUndefined();
  });

  test("is sent there even if viewers are served by the node that they came to", () => {
    const stage = new Stage();
    stage.mode = "proxy";
    stage.set({ id: "b", streams: published });
    expect(stage.sent()).toBeUndefined();
    expect(stage.sent({ hops: ["e"] })).toBe("rtmp://b:1935");
    expect(stage.sent({ hops: ["e"], action: "publish" })).toBeUndefined();
  });

  test("is not redirected for a stream that it pushes", () => {
    const stage = new Stage();
    stage.set({ id: "b", streams: published });
    expect(stage.sent({ hops: ["e"], action: "publish" })).toBeUndefined();
  });
});

describe("A publisher", () => {
  test("is sent to the node that has its stream, otherwise to one that fetches none", () => {
    const stage = new Stage();
    stage.own = { fetches: [name.vhost] };
    stage.set({ id: "b", weight: 0 }, { id: "c", fetches: [name.vhost] });
    expect(stage.sent({ action: "publish" })).toBe("rtmp://b:1935");
    stage.set({ id: "b" }, { id: "c", fetches: [name.vhost], streams: published });
    expect(stage.sent({ action: "publish" })).toBe("rtmp://c:1935");
  });
});

describe("A client that asks the director", () => {
  test("gets the URLs of one node, and nothing else without rights", () => {
    const stage = new Stage();
    stage.set({ id: "b", streams: published });
    expect(stage.ask("?app=live&stream=show")).toEqual({
      status: 200,
      json: {
        code: 0,
        stream: "/live/show",
        urls: [
          "rtmp://b:1935/live/show?srs_directed=1",
          "http://b:80/live/show.flv?srs_directed=1",
          "http://b:80/live/show.m3u8?srs_directed=1",
          "http://b:80/live/show?srs_directed=1",
        ],
      },
    });
    expect(stage.ask("?app=live&stream=show&protocol=rtmp").json.urls).toHaveLength(1);
  });

  test.each([
    ["?app=live", 400, "name the stream: ?app=live&stream=livestream"],
    ["?app=live&stream=show&action=steal", 400, "action is play or publish"],
    ["?app=live&stream=show&protocol=smtp", 400, "protocol is one of rtmp, rtmps, http, https"],
    ["?app=live&stream=other", 404, "no node has /live/other"],
    ["?app=live&stream=show&vhost=nowhere", 404, 'no vhost "nowhere" here'],
    ["?app=live&stream=show&protocol=https", 503, "no node is fit for /live/show"],
  ])("gets an error that says what is wrong with %s", (query, status, error) => {
    const stage = new Stage();
    stage.set({ id: "b", streams: published });
    expect(stage.ask(query)).toEqual({ status, json: { code: status, error } });
  });

  test("gets a node that fetches the stream while nobody knows whether any has it, as the registry is away", () => {
    const stage = new Stage();
    stage.set({ id: "a", fetches: [name.vhost] });
    expect(stage.ask("?app=live&stream=show").status).toBe(404);
    stage.nodes.locate = () => ({ places: [], sure: false });
    expect(stage.ask("?app=live&stream=show&protocol=rtmp").json.urls).toEqual([
      "rtmp://a:1935/live/show?srs_directed=1",
    ]);
  });

  test.each(["", "?app=live&stream=show"])("gets a 404 if there is no director: %s", (query) => {
    const stage = new Stage();
    stage.mode = "off";
    const error = "no vhost of this server has a director";
    expect(stage.ask(query)).toEqual({ status: 404, json: { code: 404, error } });
  });

  test("gets each node with the reason why it is left out, with rights", async () => {
    const stage = new Stage();
    stage.set({ id: "b", streams: published }, { id: "c", draining: true }, { id: "d" });
    const question = { vhost: "", app: "live", stream: "show", action: "", protocol: "rtmp", client: "", zone: "" };
    const nodes = (await stage.director.ask(question)).nodes();
    expect(nodes.map(({ reason }) => reason)).toEqual([
      "it neither has the stream nor fetches it",
      undefined,
      "it drains",
      "it neither has the stream nor fetches it",
    ]);
  });
});

describe("A player of HLS", () => {
  const own = { streams: published, load: nodeState("").load };
  const steer = (stage: Stage, pathway: string) => {
    const query = `vhost=__defaultVhost__&app=live&stream=show&_HLS_pathway=%22${pathway}%22`;
    return stage.ask(`/steering?${query}`);
  };

  test("gets the other servers that have the stream", () => {
    const stage = new Stage();
    Object.assign(stage, { own });
    expect(stage.director.pathways(name, "1.2.3.4", { secure: false })).toBeUndefined();
    stage.set({ id: "b", streams: relayed }, { id: "c" });
    expect(stage.director.pathways(name, "1.2.3.4", { secure: false })).toEqual({
      own: "own-80",
      others: [{ id: "b-80", server: "http://b:80" }],
      params: "srs_directed=1",
      steering: "/api/v1/director/steering?vhost=__defaultVhost__&app=live&stream=show",
    });
    expect(stage.director.pathways(name, "1.2.3.4", { secure: true })).toBeUndefined();
    stage.mode = "off";
    expect(stage.director.pathways(name, "1.2.3.4", { secure: false })).toBeUndefined();
  });

  test("keeps the server that it has until that drains", () => {
    const stage = new Stage();
    Object.assign(stage, { own });
    stage.set({ id: "b", streams: relayed }, { id: "c", streams: relayed });
    for (const pathway of ["own-80", "b-80", "c-80"]) {
      const { json } = steer(stage, pathway);
      expect(json).toMatchObject({ VERSION: 1, TTL: 15 });
      expect([json["PATHWAY-PRIORITY"]].flat()).toHaveLength(3);
      expect([json["PATHWAY-PRIORITY"]].flat()[0]).toBe(pathway);
    }
    stage.set({ id: "b", streams: relayed, draining: true }, { id: "c", streams: relayed });
    expect([steer(stage, "b-80").json["PATHWAY-PRIORITY"]].flat().toSorted()).toEqual(["c-80", "own-80"]);
    stage.own = { draining: true };
    stage.set();
    expect(steer(stage, "b-80").json["PATHWAY-PRIORITY"]).toEqual(["b-80"]);
  });

  test("gets an answer that ends its questions when there is no director", () => {
    const stage = new Stage();
    expect(stage.ask("/steering?vhost=nowhere").status).toBe(410);
    stage.mode = "off";
    expect(stage.ask("/steering?vhost=__defaultVhost__").status).toBe(410);
  });
});
