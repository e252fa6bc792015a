import { describe, expect, test } from "bun:test";
import type { TransportHandler } from "../../../src/base/transport.ts";
import { FakeNode } from "../../support/fake-node.ts";
import type { FakeNet } from "../../support/fake-transport.ts";
import { pushing, pushStage } from "../../support/push-stage.ts";
import { brief, command, SentReader } from "../../support/session.ts";

const HANDSHAKE_BYTES = 1 + 1536 + 1536;
/** A server that answers nothing; `onOpen` may say something. */
function mute(say?: Uint8Array): { accept(): TransportHandler } {
  return {
    accept: () => ({
      onOpen: (transport) => {
        if (say !== undefined) transport.send(say);
      },
      onData() {},
      onDrain() {},
      onClose() {},
    }),
  };
}

describe("a push", () => {
  test("begins with metadata, headers and the newest GOP, and continues with the next packets, at the stream's own times", () => {
    const { told, viewer, feed, live } = pushing();
    const here = live.view();
    feed.inter("p1").audio("a1").wait(40);
    expect(told).toEqual(["running srs at edge:1935"]);
    expect(viewer.log).toEqual(["published", "meta", "A0", "V0", "k", "k+1", "k+2", "p1", "a1"]);
    expect(viewer.got.map(({ time }) => time)).toEqual(here.got.map(({ time }) => time));
  });

  test("sends the target the stream's name with its parameters, and its hops", () => {
    const { edge, net } = pushing();
    expect(edge.stream().source?.info).toMatchObject({ param: "?key=1", hops: ["origin"] });
    expect(net.dials).toEqual(["edge:1935"]);
  });

  test("waits with its first packets for a key frame like any reader", () => {
    const at = pushStage();
    const edge = new FakeNode(at.clock, at.net, "edge:1935");
    const feed = at.live.publish().headers();
    at.push();
    at.clock.advance(10);
    expect(at.told).toHaveLength(1);
    feed.gop("k", 1);
    expect(edge.stream().source?.packets).toBe(4);
  });

  test("counts what it sent and lost, and how far it is behind", () => {
    const { running, net, feed, clock } = pushing();
    expect(running.totals).toEqual({ bytes: net.last.dialled.bytesSent, dropped: 0 });
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) feed.inter(`p${i}`, 30_000).wait(40);
    expect(running.lagMs).toBeGreaterThan(500);
    net.last.accepted.reading = true;
    clock.advance(10);
    expect(running.lagMs).toBe(0);
    expect(running.totals.bytes).toBeGreaterThan(900_000);
  });
});

describe("a target", () => {
  test("that cannot be reached fails with the reason", () => {
    const { push, told, net, clock } = pushStage();
    net.hosts.set("edge:1935", { refuse: "connection refused" });
    push();
    clock.advance(10);
    expect(told).toEqual(["failed connection refused"]);
    expect(clock.timers).toBe(0);
  });

  test("that does not answer the connection is given up after 5 s", () => {
    const { push, told, net, clock } = pushStage();
    net.hosts.set("edge:1935", "silent");
    push();
    clock.advance(4999);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(["failed no connection within 5 s"]);
    expect(clock.timers).toBe(0);
  });

  test("that does not answer the dialogue is given up after 10 s", () => {
    const { push, told, net, clock } = pushStage();
    net.hosts.set("edge:1935", mute());
    push();
    clock.advance(9999);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(["failed no answer to handshake within 10 s"]);
    expect([clock.timers, net.last.dialled.open]).toEqual([0, false]);
  });

  test("that breaks the protocol is disconnected", () => {
    const { push, told, net, clock } = pushStage();
    net.hosts.set("edge:1935", mute(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")));
    push();
    clock.advance(10);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^failed protocol error: /);
    expect([clock.timers, net.last.dialled.open]).toEqual([0, false]);
  });

  test("that closes during the handshake is asked with the other one, and reported once", () => {
    const { push, told, net, clock } = pushStage();
    net.hosts.set("edge:1935", { accept: () => ({ ...mute().accept(), onData: () => net.last.accepted.close() }) });
    push();
    clock.advance(10);
    expect(told).toEqual(["failed the target closed the connection during handshake"]);
    expect([net.dials.length, clock.timers]).toEqual([2, 0]);
  });

  test("that has the stream already refuses it in its own words", () => {
    const at = pushStage();
    const edge = new FakeNode(at.clock, at.net, "edge:1935");
    edge.publish();
    at.push();
    at.clock.advance(10);
    expect(at.told).toEqual([
      "failed refused: /live/show is already being published (NetStream.Publish.BadName) for good",
    ]);
    expect(at.net.last.dialled.open).toBe(false);
  });

  test("that the stream has passed already refuses it as a loop", () => {
    const at = pushStage();
    new FakeNode(at.clock, at.net, "edge:1935");
    at.push({ hops: ["edge:1935", "other", "origin"] });
    at.clock.advance(10);
    expect(at.told).toEqual([
      "failed refused: forward loop: the stream has passed through this server already (NetConnection.Connect.Rejected) for good",
    ]);
  });

  test("that ends a running push says why", () => {
    const { told, net, clock, feed } = pushing();
    net.last.accepted.send(command("close"));
    clock.advance(10);
    expect(told.slice(1)).toEqual(["failed ended by the target: the server said close (NetConnection.Connect.Closed)"]);
    feed.inter("p1").wait(40);
    expect(net.last.dialled.open).toBe(false);
  });

  test("whose connection breaks is reported once, and costs nothing any more", () => {
    const { told, net, clock, feed, live } = pushing();
    net.last.accepted.abort();
    clock.advance(10);
    expect(told.slice(1)).toEqual(["failed connection reset by peer"]);
    feed.inter("p1").wait(40);
    expect(live.stream().readerCount).toBe(0);
  });
});

describe("a target that accepts and never reads", () => {
  test("is given up after 15 s without progress, with bounded memory, and delays no other target", () => {
    const { told, net, feed, live, running, edge } = pushing({
      queue_max_bytes: 500_000,
      gop_cache_max_bytes: 500_000,
    });
    const here = live.view();
    edge.frozen = true;
    net.last.accepted.reading = false;
    let most = 0;
    for (let i = 0; told.length === 1 && i < 1000; i++) {
      if (i % 25 === 0) feed.key(`k${i}`, 10_000);
      else feed.inter(`p${i}`, 5000);
      feed.wait(40);
      expect(here.log.at(-1)).toEndWith(`${i}`);
      most = Math.max(most, live.stream().log.bytes + net.last.dialled.bytesQueued);
    }
    expect(told.slice(1)).toEqual(["failed the target has taken nothing for 15 s"]);
    expect(feed.time).toBeGreaterThan(15_000);
    expect(feed.time).toBeLessThan(25_000);
    expect(most).toBeLessThan(700_000);
    expect(net.last.dialled.open).toBe(false);
    expect(running.totals.dropped).toBeGreaterThan(100);
    feed.inter("next").wait(40);
    expect(live.stream().log.bytes).toBeLessThan(200_000);
  });

  test("is not given up while it takes anything at all", () => {
    const { told, net, feed, clock, edge } = pushing();
    edge.frozen = true;
    net.last.accepted.reading = false;
    for (let i = 0; i < 1000; i++) {
      feed.inter(`p${i}`, 5000).wait(40);
      if (i % 250 !== 249) continue;
      net.last.accepted.reading = true;
      clock.turn();
      net.last.accepted.reading = false;
    }
    expect(told).toHaveLength(1);
  });
});

describe("the end of the stream", () => {
  /** What the push says after its dialogue, in brief. */
  function said(net: FakeNet): string[] {
    const reader = new SentReader(HANDSHAKE_BYTES);
    for (const bytes of net.last.dialled.sent) reader.push(bytes);
    return reader.take().map(brief);
  }

  test("is sent to the target after the last packets, and then the connection is closed", () => {
    const { push, clock, net, feed, running, edge, viewer, told } = pushing();
    expect(push).toBeDefined();
    const gone: string[] = [];
    feed.inter("last");
    expect(running.unpublish(() => gone.push("gone"))).toBe(true);
    feed.end();
    clock.advance(10);
    const [packet, unpublish, remove] = said(net).slice(-3);
    expect(packet).toMatch(/^video/i);
    expect(unpublish).toStartWith("FCUnpublish");
    expect(remove).toStartWith("deleteStream");
    expect(viewer.log.slice(-2)).toEqual(["last", "unpublished"]);
    expect([gone, edge.connections, net.last.dialled.open]).toEqual([["gone"], 0, false]);
    expect(told).toHaveLength(1);
    expect(clock.timers).toBe(1);
  });

  test("waits for a slow target to take the last packets", () => {
    const { clock, net, feed, running, viewer } = pushing();
    const gone: string[] = [];
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) feed.inter(`p${i}`, 30_000).wait(40);
    running.unpublish(() => gone.push("gone"));
    feed.end();
    clock.advance(3000);
    expect(gone).toEqual([]);
    net.last.accepted.reading = true;
    clock.advance(10);
    expect(gone).toEqual(["gone"]);
    expect(viewer.log.slice(-2)).toEqual(["p29", "unpublished"]);
  });

  test("does not wait for a target that takes nothing for longer than 5 s", () => {
    const { clock, net, feed, running, live, edge } = pushing();
    const gone: string[] = [];
    edge.frozen = true;
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) feed.inter(`p${i}`, 30_000).wait(40);
    running.unpublish(() => gone.push("gone"));
    feed.end();
    clock.advance(5000);
    expect([gone, net.last.dialled.open, live.streams.size]).toEqual([["gone"], false, 0]);
  });

  test("is not sent before the dialogue is complete", () => {
    const at = pushStage();
    at.net.hosts.set("edge:1935", mute());
    const push = at.push();
    at.clock.advance(10);
    expect(push.unpublish(() => {})).toBe(false);
  });

  test("that comes because the publisher vanished closes without FCUnpublish, after what is under way", () => {
    const { clock, net, feed, running, edge, viewer, told } = pushing();
    const gone: string[] = [];
    feed.inter("last").wait(40);
    running.closeAfterFlush(() => gone.push("gone"));
    feed.end("lost");
    expect(gone).toEqual([]);
    clock.advance(10);
    expect(said(net).join("\n")).not.toContain("FCUnpublish");
    expect(viewer.log.at(-1)).toBe("last");
    expect([gone, edge.connections, told.length]).toEqual([["gone"], 0, 1]);
    clock.advance(30_000);
    expect(viewer.log.at(-1)).toBe("unpublished");
  });
});

describe("hanging up", () => {
  test("on a target that takes nothing can be shortened", () => {
    const { net, feed, running, edge, clock, told } = pushing();
    const gone: string[] = [];
    edge.frozen = true;
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) feed.inter(`p${i}`, 30_000).wait(40);
    running.closeAfterFlush(() => gone.push("gone"));
    clock.advance(1000);
    expect([gone, edge.connections]).toEqual([[], 1]);
    running.abort();
    expect([gone, edge.connections, told.length]).toEqual([["gone"], 0, 1]);
  });

  test("ends at once if there is no connection, or none any more", () => {
    const at = pushStage();
    at.net.hosts.set("edge:1935", "silent");
    const gone: string[] = [];
    const dialling = at.push();
    dialling.closeAfterFlush(() => gone.push("dialling"));
    at.net.hosts.set("edge:1935", { refuse: "connection refused" });
    const failed = at.push();
    at.clock.advance(10);
    failed.closeAfterFlush(() => gone.push("failed"));
    expect([gone, at.told, at.clock.timers]).toEqual([["dialling", "failed"], ["failed connection refused"], 0]);
  });
});

describe("abort", () => {
  test("at any moment leaves no connection, timer or reader, and reports nothing", () => {
    for (let turns = 0; turns < 25; turns++) {
      const at = pushStage();
      const edge = new FakeNode(at.clock, at.net, "edge:1935");
      at.live.publish().metadata().headers().gop("k", 2);
      const { timers } = at.clock;
      const push = at.push();
      for (let turn = 0; turn < turns; turn++) at.clock.turn();
      const before = at.told.length;
      push.abort();
      at.clock.settle();
      expect({
        turns,
        told: at.told.length - before,
        timers: at.clock.timers - timers,
        readers: at.live.stream().readerCount,
        connections: edge.connections,
      }).toEqual({ turns, told: 0, timers: 0, readers: 0, connections: 0 });
    }
  });
});
