import { expect, test } from "bun:test";
import type { Reader } from "../../../src/live/readers/reader.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { RtmpFormat } from "../../../src/rtmp/format.ts";
import { LiveStage } from "../../support/live.ts";

const MB = 1024 * 1024;

function ownFormat(messageStreamId: number): RtmpFormat {
  return new RtmpFormat({ chunkSize: 60_000, messageStreamId, audio: true, video: true, publishing: false });
}

function keyFrame(size: number): Uint8Array {
  const payload = new Uint8Array(size);
  payload.set([0x17, 1, 0, 0, 0]);
  return payload;
}

/** How many of them are still in memory. */
function alive(refs: readonly WeakRef<object>[]): number {
  Bun.gc(true);
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

test("formats of single readers are dropped with the readers, even if the stream stays", async () => {
  const stage = new LiveStage();
  const stream = stage.stream();
  const sink = { send: () => true };
  stream.join(ownFormat(1), sink, {});
  const formats: WeakRef<RtmpFormat>[] = [];
  const watch = (): Reader => {
    const format = ownFormat(100);
    formats.push(new WeakRef(format));
    return stream.join(format, sink, {});
  };
  for (let i = 0; i < 100; i++) stream.leave(watch());
  const one = watch();
  for (let i = 0; i < 100; i++) {
    const format = ownFormat(100);
    formats.push(new WeakRef(format));
    stream.reformat(one, format);
    stream.pause(one);
    stream.unpause(one);
  }
  await Bun.sleep(0);
  expect(formats).toHaveLength(201);
  expect(alive(formats)).toBeLessThan(20);
  expect(stream.readerCount).toBe(2);
});

test("a reader that leaves its fan-out while paused does not remove others' fan-outs", () => {
  const stage = new LiveStage();
  const stream = stage.stream();
  const format = ownFormat(1);
  const sent: Uint8Array[] = [];
  const paused = stream.join(format, { send: () => true }, {});
  stream.pause(paused);
  stream.join(format, { send: (bytes) => sent.push(bytes) > 0 }, {});
  stream.leave(paused);
  stream
    .publish({ id: "p", remote: "test", param: "", hops: [], via: "client" })
    ?.push(PacketKind.Video, 0, keyFrame(100));
  stage.clock.advance(1000);
  expect(sent).toHaveLength(1);
});

test("a reader whose sink still holds bytes waits until they are sent before its own first bytes", () => {
  const stage = new LiveStage();
  const stream = stage.stream();
  stream
    .publish({ id: "p", remote: "test", param: "", hops: [], via: "client" })
    ?.push(PacketKind.Video, 0, keyFrame(100));
  const sent: Uint8Array[] = [];
  const reader = stream.join(ownFormat(1), { bytesQueued: 1, send: (bytes) => sent.push(bytes) > 0 }, {});
  stage.clock.advance(1000);
  expect(sent).toHaveLength(0);
  reader.drained();
  stage.clock.advance(1000);
  expect(sent).toHaveLength(1);
});

test("encoded steps for new readers are not kept without limit after their use", async () => {
  const stage = new LiveStage();
  const stream = stage.stream();
  const source = stream.publish({ id: "p", remote: "test", param: "", hops: [], via: "client" });
  const sent: WeakRef<Uint8Array>[] = [];
  const format = ownFormat(1);
  stream.join(format, { send: () => true }, {});
  let reader: Reader | undefined;
  for (let i = 0; i < 30; i++) {
    source?.push(PacketKind.Video, i * 40, keyFrame(8 * MB));
    stage.clock.advance(40);
    // Somebody joins at each key frame, so that the cache is never unused.
    if (reader !== undefined) stream.leave(reader);
    reader = stream.join(format, { send: (bytes) => sent.push(new WeakRef(bytes)) > 0 }, {});
    await Bun.sleep(0);
  }
  expect(sent.length).toBeGreaterThanOrEqual(30);
  expect(alive(sent)).toBeLessThan(8);
});

test("the lagging readers of a stopped stream are looked at once after thousands have left, not for each of them", () => {
  const stage = new LiveStage();
  const feed = stage.publish().headers().gop("k", 3, 40_000);
  const viewers = Array.from({ length: 50 }, () => stage.view({ room: 10 }));
  feed.end();
  stage.clock.settle();
  const stream = stage.stream();
  let trims = 0;
  const dropUntil = stream.log.dropUntil.bind(stream.log);
  stream.log.dropUntil = (seq) => {
    trims++;
    dropUntil(seq);
  };
  for (const viewer of viewers.splice(1)) viewer.leave();
  stage.clock.settle();
  expect([trims, stream.readerCount]).toEqual([1, 1]);
  viewers[0]?.sink.drain();
  stage.clock.settle();
  expect([viewers[0]?.log.at(-2), viewers[0]?.log.at(-1), stream.log.bytes]).toEqual(["k+3", "unpublished", 0]);
});
