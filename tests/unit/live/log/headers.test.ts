import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { Headers } from "../../../../src/live/log/headers.ts";
import { classify } from "../../../../src/media/classify.ts";
import { Packet, PacketFlag, PacketKind } from "../../../../src/media/packet.ts";
import { fromHex, toHex } from "../../../support/bytes.ts";

const { Audio, Video, Data } = PacketKind;
const avc = "17 00 000000";
const aac = "af 00";
const av01 = "61763031";
const opus = "4f707573";

function packet(kind: PacketKind, hex: string): Packet {
  const payload = fromHex(hex);
  const class_ = classify(kind, payload);
  return new Packet(kind, 0, payload, class_ & 0xff, class_ >>> 8);
}

const metadata = (hex: string) => new Packet(Data, 0, fromHex(hex), PacketFlag.Config, 0);
const list = (headers: Headers) => headers.list.map(({ payload }) => toHex(payload));

describe("Headers", () => {
  test("are listed as metadata, audio, video, in whatever order they were sent", () => {
    const headers = new Headers();
    headers.set(packet(Video, `d4 ${av01} 01`));
    headers.set(packet(Video, `90 ${av01} 02`));
    headers.set(packet(Audio, `94 ${opus} 03`));
    headers.set(packet(Audio, `90 ${opus} 04`));
    headers.setMetadata(metadata("05"));
    expect(list(headers).map((hex) => hex.slice(-2))).toEqual(["05", "04", "03", "02", "01"]);
  });

  test("are replaced by newer ones of the same track, of another codec too", () => {
    const headers = new Headers();
    headers.set(packet(Audio, `${aac} 01`));
    headers.set(packet(Video, `${avc} 01`));
    headers.set(packet(Audio, `90 ${opus} 02`));
    headers.set(packet(Video, `${avc} 02`));
    expect(list(headers)).toEqual([`90${opus}02`, "170000000002"]);
  });

  test("of several tracks are kept side by side", () => {
    const headers = new Headers();
    headers.set(packet(Video, `${avc} 01`));
    headers.set(packet(Video, `96 00 ${av01} 01 02`));
    headers.set(packet(Video, `96 00 ${av01} 02 03`));
    headers.set(packet(Video, `96 00 ${av01} 01 04`));
    expect(list(headers).map((hex) => hex.slice(-2))).toEqual(["01", "04", "03"]);
  });

  test("are removed with the first frame of another codec, colour information too, and not with frames of their own", () => {
    const headers = new Headers();
    headers.set(packet(Audio, `${aac} 01`));
    headers.set(packet(Video, `90 ${av01} 02`));
    headers.set(packet(Video, `d4 ${av01} 03`));
    const av1Frame = fromHex(`91 ${av01} 00`);
    // AV1 by the number that some encoders give it.
    for (const frame of [av1Frame, fromHex("1d 01 000000 00")]) headers.follow(Video, 0, frame);
    headers.follow(Audio, 0, fromHex("af 01 00"));
    expect(headers.list).toHaveLength(3);
    headers.follow(Video, 1, fromHex("12 00"));
    expect(headers.list).toHaveLength(3);
    headers.follow(Video, 0, fromHex("12 00"));
    expect(list(headers)).toEqual(["af0001"]);
    headers.follow(Audio, 0, fromHex("2f ff"));
    expect(list(headers)).toEqual([]);
    headers.set(packet(Video, `${avc} 04`));
    expect(list(headers)).toEqual(["170000000004"]);
  });

  test("of several tracks in one message stay after frames of any codec", () => {
    const headers = new Headers();
    headers.set(packet(Video, `96 20 ${av01} 00 000001 01 ${av01} 01 000001 02`));
    headers.follow(Video, 0, fromHex("12 00"));
    expect(headers.list).toHaveLength(1);
  });

  test("have a list that is replaced, not changed", () => {
    const headers = new Headers();
    headers.set(packet(Video, `${avc} 01`));
    const before = headers.list;
    headers.set(packet(Video, `${avc} 02`));
    headers.setMetadata(metadata("03"));
    headers.clear();
    expect(before.map(({ payload }) => toHex(payload))).toEqual(["170000000001"]);
    expect(headers.list).toEqual([]);
  });

  test("keep the newest metadata, or none", () => {
    const headers = new Headers();
    headers.setMetadata(metadata("01"));
    headers.setMetadata(metadata("02"));
    expect(list(headers)).toEqual(["02"]);
    headers.setMetadata(undefined);
    expect(list(headers)).toEqual([]);
    headers.setMetadata(undefined);
    expect(list(headers)).toEqual([]);
  });

  test("are kept by their keys, which tell tracks, configurations and data messages apart", () => {
    const headers = new Headers();
    headers.setMetadata(metadata("05"));
    headers.set(packet(Video, `${avc} 01`));
    headers.set(packet(Video, `d4 ${av01} 02`));
    headers.set(packet(Video, `96 00 ${av01} 01 03`));
    headers.set(packet(Audio, `${aac} 04`));
    headers.set(new Packet(Data, 0, fromHex("02 0003 6f6e54"), PacketFlag.Announcement, 0));
    const all = ["onMetaData", "v0", "v0/config", "v1", "a0", "d/onT"];
    expect(headers.keys).toEqual(all);
    headers.retain(new Set([...all, "a1"]));
    expect(headers.list).toHaveLength(6);
    headers.retain(new Set(["v1", "d/onT"]));
    expect(headers.keys).toEqual(["v1", "d/onT"]);
    expect([headers.has(Video, 0), headers.has(Video, 1), headers.has(Audio, 0)]).toEqual([false, true, false]);
    headers.set(packet(Video, `${avc} 06`));
    expect(headers.keys).toEqual(["v1", "d/onT", "v0"]);
  });

  test("of too many bytes are refused, and earlier ones are kept", () => {
    const headers = new Headers();
    headers.set(packet(Video, `${avc} 01`));
    const huge = new Uint8Array(1024 * 1024);
    huge.set(fromHex(aac));
    expect(() => headers.set(new Packet(Audio, 0, huge, PacketFlag.SequenceHeader, 0))).toThrow(
      new ProtocolError("sequence headers of 1048582 bytes in one stream, 1048576 allowed"),
    );
    expect(list(headers)).toEqual(["170000000001"]);
  });

  test("of more tracks than eight bits can name, in ever new sets, are refused", () => {
    const headers = new Headers();
    // ManyTracks with two track ids each: a slot for each pair.
    const pair = (a: number, b: number) => packet(Video, `96 10 ${av01} ${byte(a)} 000001 00 ${byte(b)} 000001 00`);
    expect(() => {
      for (let a = 0; a < 3; a++) for (let b = a + 1; b < 256; b++) headers.set(pair(a, b));
    }).toThrow(new ProtocolError("more than 512 sequence headers in one stream"));
    expect(headers.list).toHaveLength(512);
  });
});

function byte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
