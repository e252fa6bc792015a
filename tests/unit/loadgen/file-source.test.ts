import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { UserError } from "../../../src/base/errors.ts";
import { FileSource, type Recording, readRecording } from "../../../src/loadgen/file-source.ts";
import { readData } from "../../../src/media/data.ts";
import type { FlvTag } from "../../../src/media/flv.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { flvFile } from "../../support/flv.ts";

const video = (timestamp: number, key = false): FlvTag => ({
  kind: PacketKind.Video,
  timestamp,
  payload: Uint8Array.from([key ? 0x17 : 0x27, 1, 0, 0, 0]),
});
const audio = (timestamp: number): FlvTag => ({
  kind: PacketKind.Audio,
  timestamp,
  payload: Uint8Array.from([0xaf, 1, 0x21]),
});

const recorded = (...tags: readonly FlvTag[]): Recording => readRecording("in.flv", flvFile(tags));

/** Kind, time and when it is due, of the first messages. */
function play(recording: Recording, count: number): string[] {
  const source = new FileSource(recording);
  return Array.from({ length: count }, () => {
    const due = source.dueMs;
    source.next();
    return `${source.kind === PacketKind.Video ? "video" : "audio"} ${source.timestamp} at ${due}${source.key ? " key" : ""}`;
  });
}

describe("a file that is published", () => {
  test("begins with time 0, whatever its first timestamp is", () => {
    expect(play(recorded(video(5000, true), audio(5010), video(5040)), 3)).toEqual([
      "video 0 at 0 key",
      "audio 10 at 10",
      "video 40 at 40",
    ]);
  });

  test("begins with its first frame, though the headers before it are stamped 0", () => {
    const header = (kind: PacketKind, head: number): FlvTag => ({
      kind,
      timestamp: 0,
      payload: Uint8Array.of(head, 0, 1),
    });
    const headers = [header(PacketKind.Video, 0x17), header(PacketKind.Audio, 0xaf)];
    const recording = recorded(...headers, video(10_000_000, true), audio(10_000_010), video(10_000_040));
    expect(play(recording, 5)).toEqual([
      "video 0 at 0",
      "audio 0 at 0",
      "video 0 at 0 key",
      "audio 10 at 10",
      "video 40 at 40",
    ]);
    expect(recording.durationMs).toBe(80);
  });

  test("continues from its end to its beginning with time advancing by a frame", () => {
    expect(play(recorded(video(0, true), video(40), video(80)), 5)).toEqual([
      "video 0 at 0 key",
      "video 40 at 40",
      "video 80 at 80",
      "video 120 at 120 key",
      "video 160 at 160",
    ]);
  });

  test("repeats after its longest track", () => {
    expect(recorded(video(0, true), video(40), audio(0), audio(23), audio(46), audio(69)).durationMs).toBe(92);
    expect(recorded(video(0, true)).durationMs).toBe(40);
  });

  test("is sent in its own order, no packet earlier than the one before", () => {
    expect(play(recorded(video(0, true), video(400), audio(100), audio(200)), 4)).toEqual([
      "video 0 at 0 key",
      "video 400 at 400",
      "audio 100 at 400",
      "audio 200 at 400",
    ]);
  });

  test("does not run back when its clock begins again", () => {
    expect(play(recorded(video(1000, true), video(1040), video(0, true)), 3)).toEqual([
      "video 0 at 0 key",
      "video 40 at 40",
      "video 40 at 40 key",
    ]);
  });

  test("of audio only can be started anywhere", () => {
    expect(play(recorded(audio(0), audio(23)), 2)).toEqual(["audio 0 at 0 key", "audio 23 at 23 key"]);
  });

  test("announces its metadata as a live stream does", () => {
    const values = AmfObject.ecma({ duration: 12.5, width: 640, filesize: 1000 });
    const payload = encodeAmf0(["onMetaData", values]);
    const [first] = recorded({ kind: PacketKind.Data, timestamp: 0, payload }, video(0, true)).messages;
    const data = readData(first?.payload ?? new Uint8Array(), false);
    expect(data).toMatchObject({ name: "onMetaData", action: "metadata", merge: true });
    expect(data?.values).toEqual([AmfObject.ecma({ width: 640 })]);
  });
});

test.each([
  ["no FLV", new Uint8Array(20), 'in.flv is no FLV file: an FLV file begins with "FLV"'],
  ["empty", flvFile([]), "in.flv holds neither audio nor video"],
])("a file that is %s is refused", (_, bytes, message) => {
  expect(() => readRecording("in.flv", bytes)).toThrow(new UserError(message));
});
