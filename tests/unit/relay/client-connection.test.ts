import { describe, expect, test } from "bun:test";
import type { TransportHandler } from "../../../src/base/transport.ts";
import {
  ClientConnection,
  type ConnectionEvents,
  type ConnectionOptions,
} from "../../../src/relay/client-connection.ts";
import { type ConnectionFailure, failureText } from "../../../src/relay/connection-failure.ts";
import { HandshakeChoice } from "../../../src/relay/handshake-choice.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeNode } from "../../support/fake-node.ts";
import { FakeNet } from "../../support/fake-transport.ts";
import { pickyAbout } from "../../support/moody-origin.ts";
import { filler, mulberry32 } from "../../support/random.ts";
import { command } from "../../support/session.ts";

const target = {
  role: "publish",
  host: "edge",
  port: 1935,
  tls: false,
  tcUrl: "rtmp://edge/live",
  app: "live",
  playPath: "show",
  hops: [],
} as const;

/** A network, and connections on it that write down what they are told. */
function stage() {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const context = { clock, dial: net.dial, random: filler(mulberry32(2)), limits: defaultLimits };
  const connect = (options: Partial<ConnectionOptions> = {}) => {
    const told: string[] = [];
    const failures: ConnectionFailure[] = [];
    const events: ConnectionEvents = {
      answered: () => told.push("answered"),
      asking: () => told.push("asking"),
      ready: (transport, streamId) => told.push(`ready at ${transport.remote.host} on ${streamId}`),
      refused: (code) => told.push(`refused ${code}`),
      ended: (code) => told.push(`ended ${code}`),
      failed: (failure) => {
        told.push("failed");
        failures.push(failure);
        connection.abandon();
      },
      closed: () => told.push("closed"),
    };
    const connection = new ClientConnection(
      context,
      target,
      { chunkSize: 4096, connectTimeoutMs: 5000, dialogueTimeoutMs: 10_000, ...options },
      events,
    );
    return { connection, told, failures };
  };
  const server = (handler: Partial<TransportHandler>) =>
    net.hosts.set("edge:1935", {
      accept: () => ({ onOpen() {}, onData() {}, onDrain() {}, onClose() {}, ...handler }),
    });
  const node = () => new FakeNode(clock, net, "edge:1935");
  return { clock, net, connect, server, node };
}

describe("a client connection", () => {
  test("reports each step up to the server's acceptance, and only its close once its owner has ended it", () => {
    const { clock, connect, node, net } = stage();
    const edge = node();
    const { connection, told } = connect();
    expect([connection.stage, told]).toEqual(["dialling", []]);
    clock.advance(10);
    expect(told).toEqual(["answered", "asking", "ready at edge on 1"]);
    expect([connection.stage, connection.bytesSent]).toEqual(["running", net.last.dialled.bytesSent]);
    connection.close();
    net.last.accepted.send(command("close"));
    clock.advance(10);
    expect([told.slice(3), edge.connections, clock.timers]).toEqual([["closed"], 0, 1]);
  });

  test("that is ended while it dials is closed at once", () => {
    for (const how of ["close", "abort", "abandon"] as const) {
      const { clock, connect, net } = stage();
      net.hosts.set("edge:1935", "silent");
      const { connection, told } = connect();
      clock.advance(10);
      connection[how]();
      expect([how, told, clock.timers]).toEqual([how, ["closed"], 0]);
    }
  });

  test("that breaks is reported once, after its close", () => {
    const { clock, connect, node, net } = stage();
    node();
    const { told, failures } = connect();
    clock.advance(10);
    net.last.accepted.abort();
    clock.advance(10);
    expect(told.slice(3)).toEqual(["closed", "failed"]);
    expect(failures).toEqual([{ cause: "closed", stage: "running", reason: "connection reset by peer" }]);
  });

  test("whose server breaks the protocol fails", () => {
    const { clock, connect, server, net } = stage();
    server({ onOpen: (transport) => transport.send(new TextEncoder().encode("HTTP/1.1 400\r\n")) });
    const { told, failures } = connect({ handshake: new HandshakeChoice() });
    clock.advance(10);
    expect(told).toEqual(["failed", "closed"]);
    expect(failures).toMatchObject([{ cause: "protocol", stage: "handshake" }]);
    expect(net.dials).toHaveLength(1);
  });

  test("whose server does not answer fails in time, and is not tried again", () => {
    const { clock, connect, server, net } = stage();
    server({});
    const { told, failures } = connect({ handshake: new HandshakeChoice() });
    clock.advance(9999);
    expect(told).toEqual([]);
    clock.advance(10);
    expect(told).toEqual(["failed", "closed"]);
    expect(failures).toEqual([{ cause: "silent", stage: "handshake", reason: "no answer to handshake within 10 s" }]);
    expect([net.dials.length, clock.timers]).toEqual([1, 0]);
  });

  test("reports a server that redirects the stream, and the protocol of the redirect", () => {
    const { clock, net } = stage();
    const redirects: unknown[] = [];
    const connection = new ClientConnection(
      { clock, dial: net.dial, random: filler(mulberry32(2)), limits: defaultLimits },
      { ...target, tls: true },
      { chunkSize: 4096, connectTimeoutMs: 5000 },
      {
        ready() {},
        refused: (_code, _description, redirect) => redirects.push(redirect),
        ended() {},
        failed() {},
      },
    );
    connection.refused("NetConnection.Connect.Rejected", "", "rtmps://other/live/show");
    connection.refused("NetConnection.Connect.Rejected", "");
    expect(redirects).toEqual([{ url: "rtmps://other/live/show", by: { protocol: "rtmps", ip: "" } }, undefined]);
  });
});

describe("a server that closes on a handshake", () => {
  test.each(["digest", "simple"] as const)(
    "with the %s one is dialled again with the other, which is kept",
    (closesOn) => {
      const { clock, connect, node, net } = stage();
      net.hosts.set("edge:1935", pickyAbout(node(), closesOn));
      const handshake = new HandshakeChoice();
      // What the connection before has found out is no longer true.
      if (closesOn === "simple") handshake.answered(true);
      const { connection, told } = connect({ handshake });
      clock.advance(10);
      expect(told).toEqual(["answered", "asking", "ready at edge on 1"]);
      expect([net.dials.length, handshake.simple]).toEqual([2, closesOn === "digest"]);
      const sent = net.connections.reduce((sum, { dialled }) => sum + dialled.bytesSent, 0);
      expect(connection.bytesSent).toBe(sent);
      connect({ handshake });
      clock.advance(10);
      expect(net.dials).toHaveLength(3);
    },
  );

  test("is dialled at most twice if it closes on both, and with a digest first the next time", () => {
    const { clock, connect, server, net } = stage();
    server({ onData: () => net.last.accepted.close() });
    const handshake = new HandshakeChoice();
    const { told, failures } = connect({ handshake });
    clock.advance(10);
    expect(told).toEqual(["closed", "failed"]);
    expect(failures.map((failure) => failureText(failure, "the server"))).toEqual([
      "the server closed the connection during handshake",
    ]);
    expect([net.dials.length, handshake.simple, clock.timers]).toEqual([2, false, 0]);
  });

  test("is not dialled again if the owner has no choice, or has ended the connection", () => {
    for (const ends of [false, true]) {
      const { clock, connect, server, net } = stage();
      server({ onData: () => (ends ? connection.close() : net.last.accepted.close()) });
      const { connection } = connect(ends ? { handshake: new HandshakeChoice() } : {});
      clock.advance(10);
      expect([ends, net.dials.length, clock.timers]).toEqual([ends, 1, 0]);
    }
  });
});
