import { describe, expect, test } from "bun:test";
import { PATH } from "../../../../src/features/cluster/messages.ts";
import { formatCredentials, PROTOCOL, questionMac } from "../../../../src/features/cluster/signature.ts";
import { ClusterStage, type Mood } from "../../../support/cluster-stage.ts";
import { answerOf, bodyOf } from "../../../support/http-exchange.ts";
import { getRequest } from "../../../support/http-request.ts";

function three(): { stage: ClusterStage; a: ReturnType<ClusterStage["add"]>; b: typeof a; c: typeof a } {
  const stage = new ClusterStage();
  const [a, b, c] = [stage.add("a"), stage.add("b", { zone: "west", weight: 7, bandwidth: 10 }), stage.add("c")];
  return { stage, a, b, c };
}

/** Logged lines that are no news of peers that answer. */
const warnings = /^(?:warn|error)/;

describe("Nodes of a cluster", () => {
  test("know each other's address, zone, weight, load and streams within a second, by clocks that do not agree", () => {
    const { stage, a, b } = three();
    b.publish("v/live/show");
    b.publish("v/live/from elsewhere", ["00aa"]);
    b.connections = 12;
    stage.start();
    stage.clock.advance(1000);
    expect(a.of("b")?.state).toMatchObject({
      ...{ advertise: ["rtmp://b:1935"], zone: "west", weight: 7, draining: false, version: "1.2.3" },
      load: { connections: 12, maxConnections: 1000, kbps: 0, maxKbps: 10_000, cpu: 0 },
    });
    const streams = { "v/live/show": "published", "v/live/from elsewhere": "relayed" } as const;
    expect(Object.fromEntries(a.of("b")?.state?.streams ?? [])).toEqual(streams);
    expect(a.fit).toEqual(["b", "c"]);
    expect(a.log.take(warnings)).toEqual([]);
  });

  test("leave themselves out of their own list of peers", () => {
    const { stage, a } = three();
    stage.start();
    stage.clock.advance(5000);
    expect(a.cluster.all().map(({ isSelf, source }) => (isSelf ? "self" : source))).toEqual([
      "self",
      "http://b:1985",
      "http://c:1985",
    ]);
  });

  test("notice a stream's end, and send no names while the streams are the same", () => {
    const { stage, a, b } = three();
    b.publish("v/live/show");
    stage.start();
    stage.clock.advance(3000);
    expect(b.lastBody).not.toContain("live/show");
    b.unpublish("v/live/show");
    stage.clock.advance(1500);
    expect(a.of("b")?.state?.streams.size).toBe(0);
  });

  test("leave out one that is dead or hangs within 3 s, and try connections to it when it answers again", () => {
    for (const mood of ["down", "silent"] as const) {
      const { stage, a, b } = three();
      stage.start();
      stage.clock.advance(10_000);
      b.mood = mood;
      stage.clock.advance(3000);
      expect([mood, a.fit]).toEqual([mood, ["c"]]);
      expect(a.returned).toEqual([]);
      stage.clock.advance(30_000);
      b.mood = "well";
      stage.clock.advance(8000);
      expect(a.fit).toEqual(["b", "c"]);
      expect(a.returned).toEqual([["b"]]);
      stage.stop();
    }
  });

  test("still hear from one that drains, although it no longer listens, until it is gone", () => {
    const { stage, a, b } = three();
    stage.start();
    stage.clock.advance(2000);
    b.draining = true;
    b.mood = "down";
    b.cluster.drain();
    stage.clock.advance(3000);
    expect([a.fit, a.of("b")?.alive, a.of("b")?.state?.draining]).toEqual([["c"], true, true]);
    stage.clock.advance(60_000);
    expect(a.of("b")?.alive).toBe(true);
    expect(a.log.take(warnings)).toEqual([]);
    b.cluster.stop();
    stage.clock.advance(3000);
    expect(a.of("b")?.alive).toBe(false);
  });

  test("treat a restarted one as another process, and try connections to it", () => {
    const { stage, a, b } = three();
    b.publish("v/live/old");
    stage.start();
    stage.clock.advance(2000);
    const before = a.of("b")?.state?.id;
    b.restart();
    b.publish("v/live/new");
    stage.clock.advance(2000);
    expect(a.of("b")?.state?.id).not.toBe(before);
    expect([...(a.of("b")?.state?.streams.keys() ?? [])]).toEqual(["v/live/new"]);
    expect(a.returned).toEqual([["b"]]);
  });

  test("apply a changed list of peers without asking the others again", () => {
    const { stage, a } = three();
    stage.start();
    stage.clock.advance(2000);
    a.config = { ...a.config, peers: ["http://b:1985"] };
    a.cluster.reconfigure();
    expect(a.fit).toEqual(["b"]);
    stage.clock.advance(5000);
    expect(a.cluster.all()).toHaveLength(2);
  });

  test("are one node when two URLs name them", () => {
    const { stage, a, b } = three();
    a.config = { ...a.config, peers: ["http://b:1985", "http://other-name-of-b:1985"] };
    stage.start();
    const { httpGet } = stage;
    const twice = { ...stage, httpGet };
    expect(twice.nodes).toContain(b);
    stage.nodes.push(Object.assign(Object.create(b), { url: "http://other-name-of-b:1985" }));
    stage.clock.advance(8000);
    expect(a.cluster.all().filter(({ alive }) => alive)).toHaveLength(2);
    expect(a.cluster.all().flatMap(({ problems }) => problems)).toEqual([]);
  });

  test("ask no peers once they have stopped", () => {
    const { stage } = three();
    stage.start();
    stage.clock.advance(2000);
    stage.stop();
    stage.clock.advance(2000);
    expect(stage.clock.timers).toBe(0);
  });
});

describe("A faulty node is left out, and logged once:", () => {
  const cases: readonly (readonly [string, Mood, RegExp])[] = [
    ["one that does not listen", "down", /connection refused/],
    ["one that never answers", "silent", /no answer within 1400 ms/],
    ["one that answers something else", "garbage", /not signed with our secret/],
    ["one that answers without end", "huge", /more than 2097152 bytes/],
    ["one whose answers are changed on their way", "forging", /not signed with our secret/],
    ["one whose old answers are sent again", "replaying", /not signed with our secret/],
    ["one of another version", "another version", /speaks version 9 of the cluster's protocol, and this server 1/],
    ["one without [cluster]", "no cluster", /has no cluster.secret_file/],
  ];
  test.each(cases)("%s", (_, mood, sentence) => {
    const { stage, a, b } = three();
    stage.start();
    stage.clock.advance(2000);
    b.mood = mood;
    stage.clock.advance(50_000);
    expect(a.fit).toEqual(["c"]);
    expect(a.of("b")?.problems.join()).toMatch(sentence);
    const told = a.log.take(warnings);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(sentence);
  });

  test("and logged again, less and less often, while it stays faulty", () => {
    const { stage, a, b } = three();
    stage.start();
    stage.clock.advance(2000);
    b.mood = "down";
    stage.clock.advance(50_000);
    expect(a.log.take(/still/)).toHaveLength(0);
    stage.clock.advance(600_000);
    expect(a.log.take(/still/)).toHaveLength(2);
  });

  test("a node with another secret, at both ends", () => {
    const { stage, a, b } = three();
    b.secret = "the secret of another cluster";
    stage.start();
    stage.clock.advance(50_000);
    expect(a.fit).toEqual(["c"]);
    expect(b.fit).toEqual([]);
    expect(a.log.take(/refuses our signature/)).toHaveLength(1);
    expect(b.log.take(/has a wrong signature/)).toHaveLength(1);
  });
});

describe("The addresses that nodes advertise are compared:", () => {
  test("two nodes that advertise the same address are logged, and again when that ends", () => {
    const { stage, a, b } = three();
    b.config = { ...b.config, advertise: ["rtmp://c:1935"] };
    stage.start();
    stage.clock.advance(20_000);
    const sentence = "rtmp://c:1935 is advertised by 2 nodes: http://b:1985 and http://c:1985";
    expect(a.of("b")?.problems).toEqual([sentence]);
    expect(a.of("c")?.problems).toEqual([sentence]);
    expect(a.log.take(warnings)).toEqual([`warn cluster problem error=${sentence}`]);
    b.config = { ...b.config, advertise: ["rtmp://b:1935"] };
    stage.clock.advance(5000);
    expect(a.of("b")?.problems).toEqual([]);
    expect(a.log.take(/problem is over/)).toHaveLength(1);
  });

  test("a node that can't be reached at its address is logged", () => {
    const { stage, a } = three();
    stage.unreachable.add("c");
    stage.start();
    stage.clock.advance(5000);
    expect(a.of("c")?.problems).toEqual(["rtmp://c:1935 can't be reached from this server: connection refused"]);
    expect(a.log.take(warnings)).toHaveLength(1);
    stage.unreachable.delete("c");
    stage.clock.advance(6000);
    expect(a.of("c")?.problems).toEqual([]);
    stage.unreachable.add("c");
    stage.clock.advance(16_000);
    expect(a.of("c")?.problems).toHaveLength(1);
  });
});

describe("A question is answered", () => {
  const secret = "the secret of all nodes";
  const nonce = "0123456789abcdef0123456789abcdef";

  function answered(stage: ClusterStage, challenge: string, target = `${PATH}?known=`, mac?: string) {
    const [node] = stage.nodes;
    if (node === undefined) throw new Error("no node");
    const right = mac ?? questionMac(secret, target, nonce, challenge);
    const authorization = formatCredentials({ version: PROTOCOL, nonce, challenge, mac: right });
    const answer = answerOf(node.cluster, getRequest(target, { authorization }));
    return { status: answer?.status, text: new TextDecoder().decode(bodyOf(answer)) };
  }

  test("once, for a challenge of this node, for some seconds", () => {
    const { stage } = three();
    const first = answered(stage, "");
    expect(first.status).toBe(401);
    const { challenge } = JSON.parse(first.text);
    expect(answered(stage, challenge).status).toBe(200);
    expect(answered(stage, challenge).status).toBe(401);
    stage.clock.advance(30_000);
    expect(answered(stage, challenge).status).toBe(401);
  });

  test("with nothing for callers without the secret: no challenge, no state", () => {
    const { stage, a } = three();
    const wrong = answered(stage, "", `${PATH}?known=`, "0".repeat(64));
    expect([wrong.status, wrong.text.includes("challenge")]).toEqual([403, false]);
    a.secret = "";
    expect(answered(stage, "").status).toBeUndefined();
  });

  test("only by the target that was signed", () => {
    const { stage } = three();
    const mac = questionMac(secret, `${PATH}?known=`, nonce, "");
    expect(answered(stage, "", `${PATH}?known=&draining=1&node=00`, mac).status).toBe(403);
  });
});
