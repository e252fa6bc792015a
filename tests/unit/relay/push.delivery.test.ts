import { describe, expect, test } from "bun:test";
import type { Transport } from "../../../src/base/transport.ts";
import { FakeNode } from "../../support/fake-node.ts";
import { pushing, pushStage } from "../../support/push-stage.ts";

/** A server's transport on which its answers to pings are lost. */
function withoutPongs(transport: Transport): Transport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === "send") return (bytes: Uint8Array) => isPong(bytes) || target.send(bytes);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A User Control message of its own chunk: type 4 of 6 bytes, event 7 (RTMP 1.0, 7.1.7). */
function isPong(bytes: Uint8Array): boolean {
  return bytes.length === 18 && bytes[7] === 4 && bytes[12] === 0 && bytes[13] === 7;
}

describe("a target that stops reading, while the kernel takes all that is sent to it,", () => {
  test.each([0, 20_000])("%d ms after it has accepted is given up after 10 s if it answers pings", (after) => {
    const { told, net, feed, edge } = pushing();
    for (let i = 0; i < after / 40; i++) feed.inter(`p${i}`).wait(40);
    expect(told).toHaveLength(1);
    edge.frozen = true;
    net.last.accepted.reading = false;
    const from = feed.time;
    for (let i = 0; told.length === 1 && i < 1000; i++) feed.inter(`q${i}`).wait(40);
    expect(told.slice(1)).toEqual(["failed the target has given no sign of life for 10 s"]);
    expect(feed.time - from).toBeLessThan(13_000);
  });

  test("is behind from then on, until it continues", () => {
    const { net, feed, edge, running } = pushing();
    for (let i = 0; i < 50; i++) feed.inter(`p${i}`).wait(40);
    edge.frozen = true;
    net.last.accepted.reading = false;
    for (let i = 0; i < 150; i++) feed.inter(`q${i}`).wait(40);
    expect(running.lagMs).toBeGreaterThan(4500);
    expect(running.lagMs).toBeLessThan(6500);
    edge.frozen = false;
    net.last.accepted.reading = true;
    for (let i = 0; i < 50; i++) feed.inter(`r${i}`).wait(40);
    expect(running.lagMs).toBe(0);
  });

  test("is disconnected by a proper end, which no network loses", () => {
    const { net, feed, edge, told } = pushing();
    edge.frozen = true;
    net.last.accepted.reading = false;
    for (let i = 0; told.length === 1 && i < 1000; i++) feed.inter(`q${i}`).wait(40);
    expect([net.last.dialled.open, net.last.accepted.open]).toEqual([false, true]);
    net.last.accepted.reading = true;
    feed.wait(40);
    expect([net.last.accepted.open, edge.log.lines.filter((line) => line.includes("reset"))]).toEqual([false, []]);
  });
});

describe("a target that answers no pings", () => {
  /** One that says yes to everything, and nothing else. */
  function dumb() {
    const at = pushStage();
    const edge = new FakeNode(at.clock, at.net, "edge:1935");
    const accept = () => {
      const connection = edge.accept();
      const { onOpen } = connection;
      connection.onOpen = (transport) => onOpen.call(connection, withoutPongs(transport));
      return connection;
    };
    at.net.hosts.set("edge:1935", { accept });
    const feed = at.live.publish().metadata().headers().gop("k", 2);
    const running = at.push();
    at.clock.advance(10);
    expect(at.told).toEqual(["running srs at edge:1935"]);
    return { ...at, feed, running };
  }

  test("is kept for as long as its machine takes bytes", () => {
    const { told, feed, running } = dumb();
    for (let i = 0; i < 1000; i++) feed.inter(`p${i}`).wait(40);
    expect([told.length, running.lagMs]).toEqual([1, 0]);
  });

  test("is given up 15 s after its machine has taken anything, and is behind meanwhile", () => {
    const { told, net, feed, running } = dumb();
    const { dialled } = net.last;
    const stopped = dialled.bytesSent;
    Object.defineProperty(dialled, "bytesUnacknowledged", { get: () => dialled.bytesSent - stopped });
    const from = feed.time;
    let mostMs = 0;
    for (let i = 0; told.length === 1 && i < 1000; i++) {
      feed.inter(`p${i}`).wait(40);
      mostMs = Math.max(mostMs, running.lagMs);
    }
    expect(told.slice(1)).toEqual(["failed the target has taken nothing for 15 s"]);
    expect(feed.time - from).toBeGreaterThan(14_000);
    expect(feed.time - from).toBeLessThan(17_500);
    expect(mostMs).toBeGreaterThan(13_000);
  });

  test("is as far behind as its machine's acknowledged bytes, if those are few", () => {
    const { told, net, feed, running } = dumb();
    const { dialled } = net.last;
    // Each packet is taken four seconds late.
    const sent: number[] = [];
    Object.defineProperty(dialled, "bytesUnacknowledged", {
      get: () => dialled.bytesSent - (sent.at(-100) ?? sent[0] ?? dialled.bytesSent),
    });
    for (let i = 0; i < 500; i++) {
      feed.inter(`p${i}`).wait(40);
      sent.push(dialled.bytesSent);
    }
    expect(told).toHaveLength(1);
    expect(running.lagMs).toBeGreaterThan(2500);
    expect(running.lagMs).toBeLessThan(5000);
  });
});
