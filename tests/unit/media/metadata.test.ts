import { describe, expect, test } from "bun:test";
import { decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject, type AmfValue } from "../../../src/amf/value.ts";
import { readData } from "../../../src/media/data.ts";
import { Metadata } from "../../../src/media/metadata.ts";
import { fromHex } from "../../support/bytes.ts";
import { ffmpegMetadata } from "../../vectors/data.ts";

function send(metadata: Metadata, ...values: AmfValue[]): void {
  const message = readData(encodeAmf0(values), false);
  if (message !== undefined) metadata.apply(message);
}

/** What a reader is told, in order. */
function told(metadata: Metadata): [string, AmfValue][] | undefined {
  const payload = metadata.payload();
  if (payload === undefined) return undefined;
  const [name, values, ...rest] = decodeAmf0(payload);
  expect(name).toBe("onMetaData");
  expect(rest).toEqual([]);
  if (!(values instanceof AmfObject)) throw new Error("no object");
  expect(values.kind).toBe("ecma-array");
  return [...values.entries];
}

const set = (metadata: Metadata, record: Record<string, AmfValue>) =>
  send(metadata, "@setDataFrame", "onMetaData", AmfObject.ecma(record));

describe("Metadata", () => {
  test("is nothing at first", () => {
    expect(new Metadata().payload()).toBeUndefined();
  });

  test("keeps FFmpeg's values in their order, without those of the file", () => {
    const metadata = new Metadata();
    const message = readData(fromHex(ffmpegMetadata), false);
    if (message !== undefined) metadata.apply(message);
    expect(told(metadata)).toEqual([
      ["width", 64],
      ["height", 64],
      ["videodatarate", 0],
      ["framerate", 10],
      ["videocodecid", 7],
      ["audiodatarate", 67.3828125],
      ["audiosamplerate", 44100],
      ["audiosamplesize", 16],
      ["stereo", false],
      ["audiocodecid", 10],
      ["encoder", "Lavf59.27.100"],
    ]);
  });

  test("leaves codec ids as they are, fourcc numbers too", () => {
    const metadata = new Metadata();
    set(metadata, {
      videocodecid: 0x68766331,
      audiocodecid: "mp4a",
      audioTrackIdInfoMap: AmfObject.of({ 1: AmfObject.of({}) }),
    });
    expect(told(metadata)?.slice(0, 2)).toEqual([
      ["videocodecid", 0x68766331],
      ["audiocodecid", "mp4a"],
    ]);
    expect(told(metadata)).toHaveLength(3);
  });

  test("@setDataFrame adds keys and changes others", () => {
    const metadata = new Metadata();
    set(metadata, { width: 640, title: "a" });
    set(metadata, { title: "b", fps: 25 });
    expect(told(metadata)).toEqual([
      ["width", 640],
      ["title", "b"],
      ["fps", 25],
    ]);
  });

  test("a plain onMetaData replaces all", () => {
    const metadata = new Metadata();
    set(metadata, { width: 640, title: "a" });
    send(metadata, "onMetaData", AmfObject.of({ width: 320 }));
    expect(told(metadata)).toEqual([["width", 320]]);
  });

  test("@clearDataFrame and clear forget all", () => {
    const metadata = new Metadata();
    set(metadata, { width: 640 });
    send(metadata, "@clearDataFrame", "onMetaData");
    expect(metadata.payload()).toBeUndefined();
    set(metadata, { height: 480 });
    expect(told(metadata)).toEqual([["height", 480]]);
    metadata.clear();
    expect(metadata.payload()).toBeUndefined();
  });

  test("other messages change nothing", () => {
    const metadata = new Metadata();
    set(metadata, { width: 640 });
    const before = metadata.payload();
    send(metadata, "onTextData", AmfObject.of({ text: "a" }));
    send(metadata, "@setDataFrame", "onTextData", AmfObject.of({ text: "a" }));
    send(metadata, "@clearDataFrame", "onTextData");
    send(metadata, "onMetaData");
    send(metadata, "onMetaData", null, 1);
    expect(metadata.payload()).toBe(before);
  });

  test("a key called __proto__ is stored like any other", () => {
    const metadata = new Metadata();
    send(metadata, "onMetaData", new AmfObject("object", undefined, new Map([["__proto__", 1]])));
    expect(told(metadata)).toEqual([["__proto__", 1]]);
  });

  test("metadata of a file's values alone becomes empty", () => {
    const metadata = new Metadata();
    set(metadata, { duration: 5, filesize: 6, keyframes: AmfObject.of({ times: [0] }) });
    expect(metadata.payload()).toBeUndefined();
  });

  test("refuses to grow beyond its limit, and keeps what it had", () => {
    const metadata = new Metadata();
    set(metadata, Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`k${i}`, i])));
    const before = metadata.payload();
    expect(() => set(metadata, { more: 1 })).toThrow("metadata has 1025 keys, 1024 allowed");
    expect(() => send(metadata, "onMetaData", AmfObject.of({ a: "x".repeat(300_000) }))).toThrow(
      /^metadata has 300\d\d\d bytes, 262144 allowed$/,
    );
    expect(metadata.payload()).toBe(before);
  });
});
