import { expect, test } from "bun:test";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { command, commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const sound = (name: string, stream = 1) => tag("audio", stream, 0, `af01${name}`);

/** A server that merges what it writes for 350 ms. */
function stage(): RtmpStage {
  const stage = new RtmpStage().configure({ mw_latency: 350 });
  stage.clock.advance(1000);
  return stage;
}

test("A publisher that somebody watches may be read as late as the next flush, and any other as it likes", () => {
  const server = stage();
  const { clock } = server;
  const publisher = server.publish();
  expect(publisher.patience?.()).toBe(Number.POSITIVE_INFINITY);
  const player = server.play();
  publisher.say(sound("01"));
  clock.settle();
  clock.advance(300);
  expect(publisher.patience?.()).toBeCloseTo(67.5);
  player.hangUp();
  expect(publisher.patience?.()).toBe(Number.POSITIVE_INFINITY);
});

test("A connection with several streams may be read as late as the first of their flushes", () => {
  const server = stage();
  const { clock } = server;
  const publisher = server.publish("a");
  publisher.say(command("createStream", 4, null), commandOn(2, "publish", 5, null, "b", "live"));
  server.play("a");
  publisher.say(sound("01"));
  clock.settle();
  clock.advance(100);
  server.play("b");
  publisher.say(sound("02", 2));
  clock.settle();
  expect(publisher.patience?.()).toBeCloseTo(267.5);
});

test("One that plays something too is read as it comes", () => {
  const server = stage();
  const publisher = server.publish();
  publisher.say(command("createStream", 4, null), commandOn(2, "play", 5, null, "other"));
  expect(publisher.patience).toBeUndefined();
});
