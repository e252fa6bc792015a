import { expect, test } from "bun:test";
import fc from "fast-check";
import { Challenges } from "../../../../src/features/cluster/challenges.ts";
import { MAX_ANSWER, MAX_STREAMS, readAnswer, writeAnswer } from "../../../../src/features/cluster/messages.ts";
import {
  answerMac,
  formatCredentials,
  parseCredentials,
  questionMac,
} from "../../../../src/features/cluster/signature.ts";
import type { NodeFlow, NodeState, StreamRole } from "../../../../src/live/ports/nodes.ts";
import { nodeState } from "../../../support/api-stage.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const count = fc.double({ min: 0, max: 1e9, noNaN: true });
const optional = fc.option(count, { nil: undefined });
const flows: fc.Arbitrary<NodeFlow> = fc.record({
  ...{ encoders: count, viewers: count, kbpsIn: count, ageMs: optional, unhealthy: count },
  links: fc.array(
    fc.record({
      ...{ flow: fc.constantFrom("push", "pull", "serve"), to: fc.string({ maxLength: 300 }) },
      ...{ running: count, failing: count, paused: count, kbps: count, lagMs: optional },
      error: fc.option(fc.string({ maxLength: 300 }), { nil: undefined }),
    }),
    { maxLength: 64 },
  ),
});
const states: fc.Arbitrary<NodeState> = fc.record({
  id: fc.stringMatching(/^[0-9a-f]{16}$/),
  version: fc.string({ maxLength: 64 }),
  advertise: fc.array(fc.constantFrom("rtmp://h:1935", "https://[::1]:443", "http://live.example:80"), {
    maxLength: 8,
  }),
  zone: fc.string({ maxLength: 64 }),
  weight: fc.nat(10_000),
  draining: fc.boolean(),
  fetches: fc.array(fc.string({ maxLength: 100 }), { maxLength: 5 }),
  load: fc.record({ connections: count, maxConnections: count, kbps: count, maxKbps: count, cpu: count }),
  flow: fc.option(flows, { nil: undefined }),
  streams: fc
    .array(fc.tuple(fc.string({ maxLength: 500 }), fc.constantFrom<StreamRole>("published", "relayed")))
    .map((entries) => new Map(entries)),
});

test("An answer is read as it was written", () => {
  fc.assert(
    fc.property(states, (state) => {
      const { streams, ...rest } = state;
      const read = readAnswer(writeAnswer(state, "r.1", "", "00ff"));
      expect(read?.state).toEqual(JSON.parse(JSON.stringify(rest)));
      expect(new Map([...(read?.streams ?? [])].toSorted())).toEqual(new Map([...streams].toSorted()));
    }),
  );
});

test("An answer leaves out the streams that the asker knows", () => {
  const state = nodeState("00ff", { streams: new Map([["a/b/c", "published"]]) });
  expect(readAnswer(writeAnswer(state, "r.1", "r.1", ""))?.streams).toBeUndefined();
});

test("An answer about many streams with long names stays within the size that peers read", () => {
  const streams = new Map<string, StreamRole>();
  for (let at = 0; at < 20_000; at++) streams.set(`${"\u0001".repeat(500)}${at}`, "relayed");
  const text = writeAnswer(nodeState("00ff", { streams }), "r.1", "", "");
  expect(text.length).toBeLessThan(MAX_ANSWER);
  for (let at = 0; at < 20_000; at++) streams.set(String(at), "published");
  for (const key of streams.keys()) if (key.length > 10) streams.delete(key);
  expect(readAnswer(writeAnswer(nodeState("00ff", { streams }), "r.1", "", ""))?.streams?.size).toBe(MAX_STREAMS);
});

const right = JSON.parse(writeAnswer(nodeState("00ff"), "r.1", "", "00"));
test.each([
  ["no object", "[]"],
  ["no JSON", "{"],
  ["an id that is no id", { ...right, id: "../x" }],
  ["an address that is none", { ...right, advertise: ["http://h:80/\r\nSet-Cookie: x"] }],
  ["an address with a path", { ...right, advertise: ["http://h:80/path"] }],
  ["a script as an address", { ...right, advertise: ["javascript:alert(1)"] }],
  ["too many addresses", { ...right, advertise: Array.from({ length: 9 }, (_, at) => `http://h:${at}`) }],
  ["a negative load", { ...right, load: { ...right.load, connections: -1 } }],
  ["a load that is a text", { ...right, load: { ...right.load, cpu: "0" } }],
  ["no load", { ...right, load: undefined }],
  ["a weight without bound", { ...right, weight: 1e300 }],
  ["streams that are none", { ...right, streams: { published: [1], relayed: [] } }],
  ["a stream's name without end", { ...right, streams: { published: ["x".repeat(1000)], relayed: [] } }],
  ["a zone without end", { ...right, zone: "x".repeat(65) }],
  ["draining as a number", { ...right, draining: 1 }],
])("An answer with %s is not read", (_, answer) => {
  expect(readAnswer(JSON.stringify(right))).toBeDefined();
  expect(readAnswer(typeof answer === "string" ? answer : JSON.stringify(answer))).toBeUndefined();
});

test("Texts that are no answer are refused without an exception", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const read = readAnswer(text);
      expect(read === undefined || /^[0-9a-f]+$/.test(read.state.id)).toBe(true);
    }),
  );
});

test("Signatures are HMAC-SHA-256 over lines; credentials are read as they were written", () => {
  // printf 'srs cluster 1\nquestion\nGET\n/api/v1/cluster?known=\nff\n00' | openssl dgst -sha256 -hmac secret
  expect(questionMac("secret", "/api/v1/cluster?known=", "ff", "00")).toBe(
    "72b3840af7cd9c7fade1243932c26889fee8a882ed136aff370345a73909750f",
  );
  // printf 'srs cluster 1\nanswer\nff\n{}' | openssl dgst -sha256 -hmac secret
  expect(answerMac("secret", "ff", "{}")).toBe("73bea832426de6a1f1be937bca34ed4bc7fc98c9ae9ecfaba84f7bac5b46e1d3");
  const credentials = { version: 1, nonce: "0f".repeat(16), challenge: "", mac: "ab".repeat(32) };
  expect(parseCredentials(formatCredentials(credentials))).toEqual(credentials);
  for (const header of ["", "Basic x", "srs-cluster v=1,nonce=x,challenge=,mac=", `${formatCredentials(credentials)} `])
    expect(parseCredentials(header)).toBeUndefined();
});

test("Challenges are accepted for 10 to 20 s, each nonce once", () => {
  const clock = new FakeClock();
  const challenges = new Challenges(clock, "key");
  const first = challenges.current;
  expect([challenges.take(first, "a"), challenges.take(first, "a"), challenges.take("00", "b")]).toEqual([
    true,
    false,
    false,
  ]);
  clock.advance(10_000);
  expect(challenges.current).not.toBe(first);
  expect([challenges.take(first, "b"), challenges.take(first, "a")]).toEqual([true, false]);
  clock.advance(10_000);
  expect(challenges.take(first, "c")).toBe(false);
  expect(new Challenges(clock, "another key").take(challenges.current, "d")).toBe(false);
});

const flow = { encoders: 1, viewers: 2, kbpsIn: 3, unhealthy: 0, links: [] };
const link = { flow: "push", to: "h:1935", running: 1, failing: 0, paused: 0, kbps: 5 };
test.each([
  ["nothing", undefined],
  ["a text", "many"],
  ["a negative number", { ...flow, viewers: -1 }],
  ["more links than a node tells", { ...flow, links: Array.from({ length: 65 }, () => link) }],
  ["a link of another kind", { ...flow, links: [{ ...link, flow: "teleport" }] }],
  ["a server's name that is too long", { ...flow, links: [{ ...link, to: "x".repeat(301) }] }],
  ["an error that is no text", { ...flow, links: [{ ...link, error: 7 }] }],
])("Of a node whose flow is %s, all but its flow is taken", (_, told) => {
  const read = readAnswer(JSON.stringify({ ...right, flow: told }));
  expect(read?.state.id).toBe("00ff");
  expect(read?.state.flow).toBeUndefined();
});
