import { describe, expect, test } from "bun:test";
import { RtmpFormats } from "../../../../src/rtmp/format.ts";
import { FakeSink } from "../../../support/fake-sink.ts";
import { LiveStage } from "../../../support/live.ts";
import { RtmpDecoder } from "../../../support/rtmp-decoder.ts";

const rtmp = { audio: true, video: true, messageStreamId: 1, publishing: false, chunkSize: 60_000 };

/** A reader of RTMP on a stage whose viewers read text. */
function rtmpReader(stage: LiveStage) {
  const sink = new FakeSink();
  const decoder = new RtmpDecoder(rtmp.chunkSize);
  sink.take = (bytes) => decoder.push(bytes);
  const reader = stage.stream().join(new RtmpFormats().get(rtmp), sink, {});
  sink.onDrain = () => reader.drained();
  return { sink, reader, names: () => decoder.got.map(({ name }) => name) };
}

function begun(config = {}) {
  const stage = new LiveStage(config);
  const feed = stage.publish().metadata().headers().gop("k", 1);
  return { feed, text: stage.view(), player: rtmpReader(stage) };
}

const headers = ["meta", "A0", "V0"];

describe("A format that has nothing of RTMP, beside RTMP on one stream", () => {
  test("brings the same packets", () => {
    const { feed, text, player } = begun();
    feed.audio("a").inter("p").wait(40).text("t").wait(40);
    expect(text.log).toEqual([...headers, "k", "k+1", "a", "p", "t"]);
    expect(player.names()).toEqual(text.log);
    expect(text.sink.sent.at(-1)).not.toEqual(player.sink.sent.at(-1) as Uint8Array);
  });

  test.each(["text", "player"] as const)("skips to a key frame for its slow reader alone (%s)", (who) => {
    const { feed, text, player } = begun({ queue_length: 1 });
    const slow = { text, player }[who];
    slow.sink.stall();
    feed.inter("full").wait(40).gop("g", 30).gop("h", 1);
    slow.sink.drain();
    expect([text.reader.lost, player.reader.lost]).toEqual(who === "text" ? [31, 0] : [0, 31]);
    const names = { text: text.log, player: player.names() }[who];
    expect(names).toEqual([...headers, "k", "k+1", "full", ...headers, "h", "h+1"]);
  });
});
