import { expect, test } from "bun:test";

import { Streams } from "../../../../src/live/streams.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { RtmpFormats } from "../../../../src/rtmp/format.ts";
import { epochIds } from "../../../support/epoch-ids.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { streamDefaults } from "../../../support/live.ts";

const NAME = { vhost: "v", app: "live", stream: "show" };
const READERS = 160;

/** A stream with readers that need a millisecond for each notice; what all of them hear, in order. */
function stage() {
  const clock = new FakeClock();
  const onFault = (error: unknown) => {
    throw error;
  };
  const streams = new Streams(clock, onFault, epochIds());
  const stream = streams.open(NAME, { ...streamDefaults });
  const options = { chunkSize: 60_000, messageStreamId: 1, audio: true, video: true, publishing: false };
  const format = new RtmpFormats().get(options);
  const heard: string[][] = Array.from({ length: READERS }, () => []);
  for (const mine of heard) {
    const hear = (what: string) => {
      clock.spend(1);
      mine.push(what);
    };
    const sink = { send: () => mine.push("packets") > 0 };
    const reader = stream.join(format, sink, {
      published: () => hear("published"),
      unpublished: () => hear("stopped"),
      missing: () => {
        hear("missing");
        stream.leave(reader);
      },
    });
  }
  const publish = () => {
    const source = stream.publish({ id: "c1", remote: "", param: "", hops: [], via: "client" });
    if (source === undefined) throw new Error("busy");
    return source;
  };
  const count = (what: string) => heard.filter((mine) => mine.includes(what)).length;
  return { clock, stream, heard, publish, count };
}

test("thousands of readers are notified that their stream is published, some in each turn, each before its first packet", () => {
  const { clock, heard, publish, count } = stage();
  const source = publish();
  expect(count("published")).toBe(16);
  source.push(PacketKind.Audio, 0, Uint8Array.of(0x2f, 1, 2), false);
  clock.turn();
  expect(count("published")).toBeGreaterThan(16);
  expect(count("published")).toBeLessThan(READERS);
  clock.advance(1000);
  for (const mine of heard) expect(mine).toEqual(["published", "packets"]);
});

test("thousands of readers are notified of the stop, some in each turn, and those not notified of the start are not", () => {
  const { clock, heard, publish, count } = stage();
  publish().end("unpublished");
  expect(count("published")).toBe(16);
  clock.settle();
  expect(heard.slice(0, 16)).toEqual(Array(16).fill(["published", "stopped"]));
  expect(heard.slice(16)).toEqual(Array(READERS - 16).fill([]));
  const source = publish();
  clock.settle();
  source.end("unpublished");
  expect(count("stopped")).toBeLessThan(READERS);
  clock.settle();
  for (const mine of heard) expect(mine.slice(-2)).toEqual(["published", "stopped"]);
});

test("thousands of readers are notified that no server has their stream, some in each turn, unless somebody publishes it meanwhile", () => {
  const { clock, stream, publish, count } = stage();
  stream.notifyMissing("no origin has it");
  expect([count("missing"), stream.readerCount]).toEqual([16, READERS - 16]);
  clock.turn();
  const told = count("missing");
  expect(told).toBeGreaterThan(16);
  expect(told).toBeLessThan(READERS);
  publish();
  clock.settle();
  expect([count("missing"), count("published")]).toEqual([told, READERS - told]);
});
