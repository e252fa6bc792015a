import { describe, expect, test } from "bun:test";
import { aacFrameMs } from "../../../../src/loadgen/picture.ts";
import { isSilentFrame } from "../../../../src/loadgen/synthetic-audio.ts";
import { StampReader } from "../../../../src/loadgen/synthetic-frame.ts";
import { SyntheticKit, SyntheticSource } from "../../../../src/loadgen/synthetic-source.ts";
import { TsFrames } from "../../../../src/loadgen/ts/frames.ts";
import { StreamType } from "../../../../src/loadgen/ts/packets.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { tsSegment } from "../../../../src/media/ts/segment.ts";
import { fromHex } from "../../../support/bytes.ts";
import { packetOf } from "../../../support/ts-media.ts";

interface Found {
  readonly kind: "video" | "audio" | "header";
  readonly timestamp?: number;
  readonly payload?: Uint8Array;
  readonly key?: boolean;
}

/** What is handed over. */
function reader(): { frames: TsFrames; found: Found[] } {
  const found: Found[] = [];
  const sink = {
    header: () => found.push({ kind: "header" }),
    video: (timestamp: number, payload: Uint8Array, key: boolean) =>
      found.push({ kind: "video", timestamp, payload: payload.slice(), key }),
    audio: (timestamp: number, payload: Uint8Array) =>
      found.push({ kind: "audio", timestamp, payload: payload.slice() }),
  };
  return { frames: new TsFrames(sink, { continuityErrors: 0 }, { arrivedMs: 0 }), found };
}

test("the bench's own frames come out of a transport stream as they went in", () => {
  const kit = new SyntheticKit({ kbps: 600, fps: 25, gopSeconds: 1 });
  const source = new SyntheticSource(kit, 99);
  const packets = [];
  while (source.dueMs < 2000) {
    source.next(1_760_000_000_000_000);
    packets.push(packetOf(source.kind, source.timestamp, source.payload.slice()));
  }
  const headers = kit.headers.map(({ kind, payload }) => packetOf(kind, 0, payload));
  const { frames, found } = reader();
  frames.push(tsSegment(headers, packets, 0));
  frames.end();
  const stamp = new StampReader();
  const video = found.filter(({ kind }) => kind === "video");
  expect(video.map(({ payload }) => payload)).toEqual(
    packets.filter(({ kind }) => kind === PacketKind.Video).map(({ payload }) => payload),
  );
  for (const { payload = new Uint8Array(0) } of video) {
    expect(stamp.read(payload)).toBe(true);
    expect(stamp.intact(payload, true)).toBe(true);
  }
  expect(video.map(({ key }) => key)).toEqual(video.map((_, at) => at % 25 === 0));
  const steps = video.slice(1).map(({ timestamp = 0 }, at) => timestamp - (video[at]?.timestamp ?? 0));
  expect(new Set(steps)).toEqual(new Set([40]));
  const audio = found.filter(({ kind }) => kind === "audio");
  expect(audio.length).toBe(packets.length - video.length);
  for (const [at, { payload = new Uint8Array(0), timestamp = 0 }] of audio.entries()) {
    expect(isSilentFrame(payload)).toBe(true);
    expect(timestamp - (audio[0]?.timestamp ?? 0)).toBe(at * aacFrameMs);
  }
  expect(found.findIndex(({ kind }) => kind === "header")).toBeLessThan(
    found.findIndex(({ kind }) => kind === "video"),
  );
});

describe("of other codecs, the reader knows", () => {
  const frame = (type: number, hex: string) => {
    const { frames, found } = reader();
    frames.frame(type, 9000, fromHex(hex), 0);
    return found.map(({ kind, key }) => (key === undefined ? kind : `${kind} ${key ? "key" : "delta"}`));
  };

  test("whether an HEVC frame is a key frame, and has a header", () => {
    expect(frame(StreamType.Hevc, "000000014001 000000014201 00000001 2601ff")).toEqual(["header", "video key"]);
    expect(frame(StreamType.Hevc, "000000014601 00000001 0201ff")).toEqual(["video delta"]);
  });

  test("that MP3 is audio, and unknown codecs are neither", () => {
    expect(frame(StreamType.Mp3, "fffb")).toEqual(["audio"]);
    expect(frame(6, "00")).toEqual([]);
  });

  test("how long AAC frames are that are cut off", () => {
    expect(frame(StreamType.Aac, "fff14c8001 1ffc 11 fff14c8001 1ffc")).toEqual(["audio"]);
    expect(frame(StreamType.Aac, "00".repeat(20))).toEqual([]);
  });
});
