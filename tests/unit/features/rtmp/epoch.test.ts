import { describe, expect, test } from "bun:test";
import { AmfObject } from "../../../../src/amf/value.ts";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { clientHandshake, command, commandOn, connect } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const avcHeader = () => tag("video", 1, 0, "1700000000 01");
const key = (streamId: number, time: number) => tag("video", streamId, time, "1701000000 65");

describe("A stream's epoch", () => {
  const ID = "ab".repeat(16);
  const EPOCH = `${ID} 7 0 100 100 100,,,1700000000000,2000,0`;

  /** A server that plays or publishes on message stream 1, and what it hears at first. */
  function relay(stage: RtmpStage, ...words: readonly [string, ...string[]]) {
    const client = stage.dial();
    client.say(clientHandshake(), connect({}, AmfObject.of({ srs_hops: "edge" })));
    const first = client.say(command("createStream", 2, null), commandOn(1, words[0], 3, null, ...words.slice(1)));
    return { client, first };
  }

  test("is sent to servers that play the stream, before its packets and when it changes, and to no other client", () => {
    const stage = new RtmpStage();
    const { client: early } = relay(stage, "play", "show");
    const player = stage.play();
    const publisher = stage.publish();
    publisher.say(avcHeader(), key(1, 100));
    const { first: late } = relay(stage, "play", "show");
    const id = "1".padStart(32, "0");
    const told = (line: string) => line.startsWith("srs_epoch");
    const text = `${id} 4736 0 100 100 100,,,1767225600000,0,0`;
    const heard = early.hear();
    expect(heard.filter(told)).toEqual([`srs_epoch@1 0 null ${text} false  100 v0`]);
    expect(heard.findIndex(told)).toBeLessThan(heard.indexOf("video@1 100 17010000"));
    expect(late.filter(told)).toEqual([`srs_epoch@1 0 null ${text} false  100 v0`]);
    publisher.say(command("FCUnpublish", 4, null, "show"));
    const end = early.hear();
    expect(end[0]).toBe(`srs_epoch@1 0 null ${id} 4736 0 100 100 100,101,100,1767225600000,0,0 false  100 v0`);
    expect([...player.hear(), ...publisher.hear()].filter(told)).toEqual([]);
  });

  test("is sent with the stream's ladder, which is sent alone while nobody publishes the stream", () => {
    const stage = new RtmpStage();
    const { client } = relay(stage, "play", "show");
    const player = stage.play();
    const [stream] = stage.streams.all();
    const heard = () => client.hear().filter((line) => line.startsWith("srs_epoch"));
    stream?.ladder.make({ base: "show", endings: ["_hd", "_sd"] });
    expect(heard()).toEqual(["srs_epoch@1 0 null  false show _hd _sd"]);
    stage.publish().say(avcHeader(), key(1, 100));
    expect(heard()).toEqual([expect.stringMatching(/,0,0 false show _hd _sd 100 v0$/)]);
    stream?.ladder.make(undefined);
    expect(heard()).toEqual([expect.stringMatching(/,0,0 false {2}100 v0$/)]);
    expect(player.hear().filter((line) => line.startsWith("srs_epoch"))).toEqual([]);
  });

  test("is accepted from a server that publishes the stream; a text that is no epoch is ignored with one warning", () => {
    const stage = new RtmpStage();
    const { client: publisher } = relay(stage, "publish", "show", "live");
    publisher.say(commandOn(1, "srs_epoch", 0, null, EPOCH), avcHeader(), key(1, 300));
    const [stream] = stage.streams.all();
    expect(stream?.epochs.epoch?.id).toBe(ID);
    expect(stream?.epochs.epoch?.spans).toMatchObject([{ from: 100, gop: 2000 }]);
    stage.logged();
    for (let count = 0; count < 3; count++) publisher.say(commandOn(1, "srs_epoch", 0, null, "none", true));
    expect(stage.logged()).toEqual(["WARN [c1] malformed epoch ignored addr=10.0.0.9:1 stream=/live/show"]);
    publisher.say(key(1, 400));
    expect(stream?.epochs.epoch?.id).toBe(ID);
    publisher.say(commandOn(1, "srs_epoch", 0, null, EPOCH, false, "show _hd _sd"));
    expect(stream?.ladder.current).toEqual({ base: "show", endings: ["_hd", "_sd"] });
    publisher.say(commandOn(1, "srs_epoch", 0, null, EPOCH, false, 7));
    expect(stream?.ladder.current).toBeUndefined();
    expect(publisher.state).toBe("open");
  });

  test("tells what its encoder has sent, and a server forgets the rest from that encoder's first frame on", () => {
    const stage = new RtmpStage();
    const { client: publisher } = relay(stage, "publish", "show", "live");
    const { client: behind } = relay(stage, "play", "show");
    const sound = (time: number) => tag("audio", 1, time, "af01 21");
    publisher.say(commandOn(1, "srs_epoch", 0, null, EPOCH, false, "", "100 a0 v0"));
    publisher.say(tag("audio", 1, 0, "af00 1210"), avcHeader(), key(1, 100), sound(100));
    const [stream] = stage.streams.all();
    const kinds = () => stream?.sources.active?.headers.list.map(({ kind }) => kind);
    expect(kinds()).toEqual([8, 9]);
    publisher.say(commandOn(1, "srs_epoch", 0, null, EPOCH, false, "", "5000 v0"), sound(140));
    expect(kinds()).toEqual([8, 9]);
    behind.hear();
    publisher.say(avcHeader(), key(1, 5000));
    expect(kinds()).toEqual([9]);
    const [told = "", ...packets] = behind.hear();
    expect(told).toMatch(/^srs_epoch@1 0 null \S+ .* false {2}\d+ v0$/);
    expect(packets.at(-1)).toMatch(/^video@1 \d+ 17010000/);
  });
});
