import { expect, test } from "bun:test";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { command, commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

test("A publisher's reads are merged while nobody watches it", () => {
  const server = new RtmpStage();
  const publisher = server.publish();
  expect(publisher.mergesReads).toBe(true);
  const player = server.play();
  expect(publisher.mergesReads).toBe(false);
  player.hangUp();
  expect(publisher.mergesReads).toBe(true);
});

test("A watched publisher is read as its input comes, also between the flushes of a long latency", () => {
  const server = new RtmpStage().configure({ mw_latency: 350 });
  const publisher = server.publish();
  server.play();
  for (let at = 0; at < 2000; at += 40) {
    publisher.say(tag("video", 1, at, at === 0 ? "1701000000 65" : "2701000000 41"));
    expect(publisher.mergesReads).toBe(false);
    server.clock.advance(40);
  }
});

test("A connection with several streams is read as input comes while anybody watches one of them", () => {
  const server = new RtmpStage();
  const publisher = server.publish("a");
  publisher.say(command("createStream", 4, null), commandOn(2, "publish", 5, null, "b", "live"));
  expect(publisher.mergesReads).toBe(true);
  const player = server.play("b");
  expect(publisher.mergesReads).toBe(false);
  player.hangUp();
  expect(publisher.mergesReads).toBe(true);
});

test("A publisher that also plays is read as its input comes", () => {
  const server = new RtmpStage();
  const publisher = server.publish();
  publisher.say(command("createStream", 4, null), commandOn(2, "play", 5, null, "other"));
  expect(publisher.mergesReads).toBe(false);
});
