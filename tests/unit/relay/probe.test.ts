import { expect, test } from "bun:test";
import type { TransportHandler } from "../../../src/base/transport.ts";
import { type ProbeResult, probe } from "../../../src/relay/probe.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeNode } from "../../support/fake-node.ts";
import { FakeNet } from "../../support/fake-transport.ts";
import { moody } from "../../support/moody-origin.ts";
import { filler, mulberry32 } from "../../support/random.ts";

const target = { host: "edge", port: 1935, tls: false, tcUrl: "rtmp://edge/live", app: "live" };

function stage() {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const context = { clock, dial: net.dial, random: filler(mulberry32(2)), limits: defaultLimits };
  /** What comes of a probe once so much time has passed, between its attempts too. */
  const ask = async (passMs: number): Promise<ProbeResult> => {
    const result = probe(context, target);
    clock.advance(passMs);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    clock.advance(passMs);
    return result;
  };
  return { clock, net, ask };
}

/** A server that does one thing when somebody connects. */
function server(does: (transport: Parameters<TransportHandler["onOpen"]>[0]) => void): { accept(): TransportHandler } {
  return { accept: () => ({ onOpen: does, onData() {}, onDrain() {}, onClose() {} }) };
}

test("a server that accepts is reported with its name and id, and disconnected at once", async () => {
  const { clock, net, ask } = stage();
  const edge = new FakeNode(clock, net, "edge:1935");
  expect(await ask(50)).toEqual({
    answer: "connected",
    server: "srs at edge:1935",
    node: "edge:1935",
    vhost: "__defaultVhost__",
    ms: 0,
  });
  expect(net.dials).toEqual(["edge:1935"]);
  clock.advance(10);
  expect(edge.connections).toBe(0);
});

test("a missing server is reported with the reason of the dial", async () => {
  const { net, ask } = stage();
  expect(await ask(50)).toEqual({ answer: "none", reason: "connection refused" });
  net.hosts.set("edge:1935", "silent");
  expect(await ask(5000)).toEqual({ answer: "none", reason: "no connection within 5 s" });
});

test("a server that never answers is given up after five seconds", async () => {
  const { net, ask } = stage();
  net.hosts.set(
    "edge:1935",
    server(() => undefined),
  );
  expect(await ask(4999)).toEqual({ answer: "none", reason: "no answer to handshake within 5 s" });
  expect(net.last.dialled.open).toBe(false);
});

test("a server of another protocol is reported as such", async () => {
  const { net, ask } = stage();
  net.hosts.set(
    "edge:1935",
    server((transport) => transport.send(new TextEncoder().encode("HTTP/1.1 400\r\n"))),
  );
  expect(await ask(50)).toMatchObject({ answer: "none", reason: expect.stringContaining("it does not speak RTMP: ") });
});

test("a server that closes on the handshake is asked again with the simple one", async () => {
  const { net, ask } = stage();
  net.hosts.set(
    "edge:1935",
    server((transport) => transport.close()),
  );
  expect(await ask(50)).toEqual({ answer: "none", reason: "it closed without an answer to handshake" });
  expect(net.dials).toHaveLength(2);
});

test.each([
  ["closes", "it closed without an answer to connecting"],
  ["is silent", "no answer to connecting within 5 s"],
] as const)("a server that shakes hands and %s on connect counts as alive and refusing", async (mood, reason) => {
  const { clock, net, ask } = stage();
  net.hosts.set("edge:1935", moody(new FakeNode(clock, net, "edge:1935"), "rtmp://edge/live", mood));
  expect(await ask(5000)).toEqual({ answer: "refused", reason });
});
