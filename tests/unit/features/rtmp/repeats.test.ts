import { expect, test } from "bun:test";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const avcHeader = () => tag("video", 1, 0, "1700000000 01");
const key = (streamId: number, time: number) => tag("video", streamId, time, "1701000000 65");
const inter = (streamId: number, time: number) => tag("video", streamId, time, "2701000000 41");
const audio = (streamId: number, time: number) => tag("audio", streamId, time, "af01");

const PLAYING = ["onStatus@1 NetStream.Play.Reset", "onStatus@1 NetStream.Play.Start", "|RtmpSampleAccess@1 true true"];

test("a stream continues when its publisher sends publish again, with the same headers, and is counted once", () => {
  const stage = new RtmpStage();
  const publisher = stage.publish();
  publisher.say(avcHeader(), key(1, 100));
  const viewer = stage.play();
  viewer.hear();
  stage.logged();
  expect(publisher.say(commandOn(1, "publish", 9, null, "show", "live"))).toEqual([
    "StreamBegin 1",
    "onStatus@1 NetStream.Publish.Start",
  ]);
  publisher.say(inter(1, 140));
  expect(viewer.hear()).toEqual(["video@1 140 27010000"]);
  expect(stage.logged()).toEqual([]);
  expect(stage.totals()).toMatchObject({ publishers: 1, players: 1 });
  const late = stage.connect();
  expect(late.say(commandOn(1, "play", 3, null, "show")).filter((line) => line.startsWith("video"))).toEqual([
    "video@1 100 17000000",
    "video@1 100 17010000",
    "video@1 140 27010000",
  ]);
});

test("a player that sends play again starts again with the tracks that it wants, and the stream is never without a viewer", () => {
  const stage = new RtmpStage();
  const publisher = stage.publish();
  const observed: string[] = [];
  stage.streams.observe({
    wanted: () => observed.push("wanted"),
    unwanted: () => observed.push("unwanted"),
    published: () => undefined,
    unpublished: () => undefined,
  });
  const player = stage.play();
  publisher.say(avcHeader(), key(1, 0), inter(1, 40));
  player.hear();
  player.say(commandOn(1, "receiveAudio", 0, null, false), commandOn(1, "pause", 0, null, true, 40));
  stage.logged();
  expect(player.say(commandOn(1, "play", 4, null, "show"))).toEqual([
    "StreamBegin 1",
    ...PLAYING,
    "video@1 0 17000000",
    "video@1 0 17010000",
    "video@1 40 27010000",
  ]);
  publisher.say(audio(1, 41), inter(1, 80));
  expect(player.hear()).toEqual(["video@1 80 27010000"]);
  expect(stage.logged()).toEqual([]);
  expect(observed).toEqual(["wanted"]);
  expect([...stage.streams.all()][0]?.viewers).toBe(1);
  player.hangUp();
  expect(observed).toEqual(["wanted", "unwanted"]);
  const [ended] = stage.logged("INFO");
  expect(ended).toMatch(/play ended .* bytes=\d+ lost=0$/);
});
