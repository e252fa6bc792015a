import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { StampReader } from "../../../src/loadgen/synthetic-frame.ts";
import { SyntheticKit, type SyntheticShape, SyntheticSource } from "../../../src/loadgen/synthetic-source.ts";
import { classify } from "../../../src/media/classify.ts";
import { codecName } from "../../../src/media/codec.ts";
import { readData } from "../../../src/media/data.ts";
import { PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { audioTrackLabels } from "../../../src/media/track-labels.ts";

const none = new Uint8Array(0);
const usual: SyntheticShape = { kbps: 600, fps: 25, gopSeconds: 2 };

interface Sent {
  readonly kind: PacketKind;
  readonly timestamp: number;
  readonly size: number;
  readonly key: boolean;
  readonly sequence: number;
}

/** What a source sends in the first `seconds`. */
function messages(shape: SyntheticShape, seconds: number): Sent[] {
  const source = new SyntheticSource(new SyntheticKit(shape), 7);
  const reader = new StampReader();
  const sent: Sent[] = [];
  while (source.dueMs < seconds * 1000) {
    const due = source.dueMs;
    source.next(due * 1000);
    const { kind, timestamp, payload, key } = source;
    expect(timestamp).toBe(Math.round(due));
    const stamped = kind === PacketKind.Video && reader.read(payload);
    sent.push({ kind, timestamp, size: payload.length, key, sequence: stamped ? reader.sequence : -1 });
  }
  return sent;
}

describe("a synthetic stream", () => {
  test.each([
    [usual],
    [{ kbps: 200, fps: 25, gopSeconds: 2 }],
    [{ kbps: 6000, fps: 60, gopSeconds: 1 }],
    [{ kbps: 2500, fps: 29.97, gopSeconds: 4 }],
  ])("has the requested bitrate: %o", (shape) => {
    const bytes = messages(shape, 20).reduce((sum, { size }) => sum + size, 0);
    expect(bytes / ((shape.kbps * 1000 * 20) / 8)).toBeWithin(0.98, 1.02);
  });

  test("begins with a key frame and has one at each GOP's begin, four times as large as the others", () => {
    const video = messages(usual, 6).filter(({ kind }) => kind === PacketKind.Video);
    expect(video.flatMap(({ key, timestamp }) => (key ? [timestamp] : []))).toEqual([0, 2000, 4000]);
    expect((video[0]?.size ?? 0) / (video[1]?.size ?? 1)).toBeWithin(3.9, 4.1);
  });

  test("numbers its video frames without a hole", () => {
    const video = messages(usual, 6).filter(({ kind }) => kind === PacketKind.Video);
    expect(video.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 150 }, (_, at) => at));
  });

  test("has audio, and its messages are in the order of their times", () => {
    const all = messages({ kbps: 600, fps: 30, gopSeconds: 2 }, 3.2);
    expect(all.filter(({ kind }) => kind === PacketKind.Audio).map(({ timestamp }) => timestamp)).toEqual(
      Array.from({ length: 100 }, (_, at) => at * 32),
    );
    expect(all.map(({ timestamp }) => timestamp)).toEqual(
      all.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b),
    );
  });

  test("begins with metadata and both sequence headers", () => {
    const [data, video, audio] = new SyntheticKit(usual).headers;
    expect(readData(data?.payload ?? new Uint8Array(), false)).toMatchObject({ name: "onMetaData", merge: true });
    for (const header of [video, audio]) {
      expect(classify(header?.kind ?? 9, header?.payload ?? new Uint8Array())).toBe(PacketFlag.SequenceHeader);
    }
    expect(codecName(9, video?.payload ?? new Uint8Array())).toBe("H.264");
    expect(codecName(8, audio?.payload ?? new Uint8Array())).toBe("AAC");
  });

  test("may have several audio tracks, with names in the metadata and the same bitrate for all of it", () => {
    const shape = { ...usual, audioTracks: 3 };
    const kit = new SyntheticKit(shape);
    const [data, , ...headers] = kit.headers;
    expect(
      audioTrackLabels(encodeAmf0(["onMetaData", ...(readData(data?.payload ?? none, false)?.values ?? [])])),
    ).toEqual(new Map([0, 1, 2].map((track) => [track, { name: `Sound ${track + 1}`, language: undefined }])));
    expect(headers.map(({ payload }) => classify(PacketKind.Audio, payload) >>> 8)).toEqual([0, 1, 2]);
    const all = messages(shape, 20);
    const audio = all.filter(({ kind }) => kind === PacketKind.Audio);
    expect(audio.map(({ timestamp }) => timestamp)).toEqual(
      Array.from({ length: 3 * 625 }, (_, at) => 32 * Math.floor(at / 3)),
    );
    expect(all.reduce((sum, { size }) => sum + size, 0) / ((600 * 1000 * 20) / 8)).toBeWithin(0.97, 1.03);
  });

  test("may consist of key frames alone, or have a very low bitrate", () => {
    expect(messages({ kbps: 600, fps: 2, gopSeconds: 0.1 }, 3).filter(({ key }) => key).length).toBe(6);
    expect(messages({ kbps: 50, fps: 120, gopSeconds: 1 }, 1).length).toBeGreaterThan(120);
  });
});
