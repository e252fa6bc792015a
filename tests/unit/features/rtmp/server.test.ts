import { describe, expect, test } from "bun:test";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { brief, commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

describe("Beyond max_connections", () => {
  test("a connection is refused at once, and another is accepted when one has left", () => {
    const stage = new RtmpStage(2);
    const [first] = [stage.connect(), stage.connect()];
    expect(stage.dial().state).toBe("refused");
    first?.hangUp();
    expect(stage.connect().state).toBe("open");
    expect(stage.dial().state).toBe("refused");
    expect(stage.totals().connections).toBe(2);
  });

  test("a connection that has hung up does not count, even if it has not ended yet", () => {
    const stage = new RtmpStage(2);
    const first = stage.play();
    stage.connect();
    expect(stage.dial().state).toBe("refused");
    first.startHangUp();
    expect(stage.totals().connections).toBe(1);
    expect(stage.connect().state).toBe("open");
    expect(stage.dial().state).toBe("refused");
    first.hangUp();
    expect(stage.dial().state).toBe("refused");
    expect(stage.totals().connections).toBe(2);
  });

  test("connections that have hung up and have not ended are limited to the same number", () => {
    const stage = new RtmpStage(2);
    stage.connect().startHangUp();
    const second = stage.connect();
    second.startHangUp();
    stage.logged();
    expect(stage.dial().state).toBe("refused");
    expect(stage.logged()).toEqual([
      expect.stringMatching(/connection refused .*error=2 connections that have hung up are still being ended/),
    ]);
    expect(stage.server.idle).toBe(false);
    second.hangUp();
    expect(stage.dial().state).toBe("open");
  });

  test("refusals are logged at once, and those of a flood are counted in one line every ten seconds", () => {
    const stage = new RtmpStage(1);
    stage.connect();
    stage.logged();
    const line = expect.stringMatching(
      /^WARN connection refused addr=10\.0\.0\.9:\d+ error=max_connections is reached, 1$/,
    );
    stage.dial();
    expect(stage.logged()).toEqual([line]);
    for (let i = 0; i < 5000; i++) {
      stage.dial();
      stage.clock.advance(1);
    }
    expect(stage.logged()).toEqual(Array(9).fill(line));
    stage.clock.advance(6000);
    expect(stage.logged()).toEqual(["WARN more clients refused reason=max_connections refused=4991"]);
    stage.clock.advance(60_000);
    expect(stage.logged()).toEqual([]);
    stage.dial();
    expect(stage.logged()).toEqual([line]);
    expect([...stage.totals().refused]).toEqual([["max_connections", 5002]]);
  });
});

describe("The server", () => {
  test("adds up its connections, including those that are gone", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    publisher.say(tag("audio", 1, 0, "af01"));
    player.hear();
    const before = stage.totals();
    expect(before).toMatchObject({ connections: 2, publishers: 1, players: 1 });
    expect(before.sent).toBe(publisher.bytesSent + player.bytesSent);
    publisher.hangUp();
    player.hangUp();
    expect(stage.totals()).toEqual({ ...before, connections: 0, publishers: 0, players: 0 });
  });

  test("stops cleanly: players get the last packets and the end, and no new client is let in", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    const publisher = stage.publish();
    publisher.say(tag("audio", 1, 0, "af01"));
    player.hear();
    // Nothing has been flushed since this one.
    stage.clock.spend(1);
    const before = stage.clock.turns;
    publisherPush(stage, publisher);
    expect(stage.clock.turns).toBeGreaterThanOrEqual(before);
    stage.server.stop();
    expect(player.hear()).toEqual(["audio@1 20 af02", "StreamEof 1", "onStatus@1 NetStream.Play.UnpublishNotify"]);
    expect([player.state, publisher.state]).toEqual(["closing", "closing"]);
    expect(stage.dial().state).toBe("refused");
    expect(stage.logged("INFO [c2]").at(-1)).toStartWith("INFO [c2] publish ended addr=");
    expect(stage.server.idle).toBe(false);
    player.hangUp();
    publisher.hangUp();
    expect(stage.server.idle).toBe(true);
    expect(stage.streams.size).toBe(0);
  });

  test("has no timer before the first connection and after the last", () => {
    const stage = new RtmpStage();
    expect(stage.clock.timers).toBe(0);
    const [one, other] = [stage.connect(), stage.connect()];
    one.hangUp();
    expect(stage.clock.timers).toBe(1);
    other.hangUp();
    expect(stage.clock.timers).toBe(0);
    stage.connect();
    expect(stage.clock.timers).toBe(1);
  });

  test("stops with clients in every state", () => {
    const stage = new RtmpStage();
    const silent = stage.dial();
    const idle = stage.connect();
    const both = stage.publish("a");
    both.say(commandOn(2, "play", 0, null, "b"), commandOn(3, "play", 0, null, "a"));
    stage.server.stop();
    expect([silent.state, idle.state, both.state]).toEqual(["closing", "closing", "closing"]);
    expect(both.messages().map(brief)).toEqual(["StreamEof 3", "onStatus@3 NetStream.Play.UnpublishNotify"]);
    stage.server.stop();
    expect(stage.logged("WARN", "ERROR")).toEqual([]);
    expect(stage.clock.timers).toBe(0);
  });
});

/** Sends a packet without ending the turn. */
function publisherPush(stage: RtmpStage, publisher: ReturnType<RtmpStage["dial"]>): void {
  const { settle } = stage.clock;
  stage.clock.settle = () => {};
  publisher.say(tag("audio", 1, 20, "af02"));
  stage.clock.settle = settle;
}
