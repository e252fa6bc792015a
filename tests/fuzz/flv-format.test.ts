import { expect, test } from "bun:test";
import { AacFormat, aacRefusal } from "../../src/media/aac-format.ts";
import { FlvFormat } from "../../src/media/flv-format.ts";
import { flvFileHeader, flvRefusal } from "../../src/media/flv-header.ts";
import { FlvReader } from "../../src/media/flv-reader.ts";
import { Mp3Format, mp3Refusal } from "../../src/media/mp3-format.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { fromHex } from "../support/bytes.ts";
import { mutate } from "../support/mutate.ts";
import { logOf, packetOf } from "../support/packet-log.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { classicVectors } from "../vectors/flv-classic.ts";
import { enhancedVectors, legacyVectors, multitrackVectors } from "../vectors/media.ts";

const ROUNDS = 1500;
const PACKETS = 12;
/** What may stand in a log line. */
const ONE_LINE = /^[ -~]{0,200}$/;
const { Audio, Video, Data } = PacketKind;
const seeds = [...classicVectors, ...legacyVectors, ...enhancedVectors, ...multitrackVectors];

function anyPacket(random: () => number): Packet {
  const time = between(random, 0, 2 ** 40);
  if (between(random, 0, 9) === 0)
    return packetOf(pick(random, [Audio, Video, Data]), time, randomBytes(random, between(random, 0, 40)));
  const { kind, hex } = pick(random, seeds);
  const bytes = fromHex(hex);
  return packetOf(kind, time, between(random, 0, 2) === 0 ? bytes : mutate(random, bytes));
}

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(1, 5));

/** Whether mpegts.js (1.8, flv-demuxer) goes on after a tag; codecs that it has no decoder for, but FLV a number, aside. */
function goesOn(kind: PacketKind, body: Uint8Array): boolean {
  const [first = 0, second = 0] = body;
  if (kind === Data) return true;
  if (kind === Audio) {
    if (first >> 4 === 9) return ["Opus", "fLaC"].includes(text(body)) && (first & 15) <= 2;
    return first >> 4 !== 14;
  }
  if ((first & 0x80) === 0) {
    const codec = first & 15;
    return first >> 4 !== 5 && codec !== 13 && ((codec !== 7 && codec !== 12) || second <= 2);
  }
  return (text(body) === "hvc1" && (first & 15) <= 3) || (text(body) === "av01" && (first & 15) <= 2);
}

function read(bytes: Uint8Array, format: FlvFormat): void {
  const reader = new FlvReader((kind, timestamp, body) => {
    expect(timestamp).toBe(timestamp >>> 0);
    if (!format.enhanced && !goesOn(kind, body)) throw new Error(`players stop at ${kind} ${body.toHex()}`);
  });
  reader.push(flvFileHeader(format, []));
  reader.push(bytes);
  expect(reader.bufferedBytes).toBe(0);
}

test("each format makes whole tags or frames of whatever a publisher sends, and none at which players stop", () => {
  const random = mulberry32(0xf1f1);
  const [classic, enhanced] = [false, true].map((all) => new FlvFormat({ enhanced: all, audio: true, video: true }));
  for (let round = 0; round < ROUNDS; round++) {
    const packets = Array.from({ length: PACKETS }, () => anyPacket(random));
    const log = logOf(packets);
    for (const format of [classic, enhanced, classic?.withoutVideo]) {
      if (format === undefined) continue;
      read(format.encode(log, 0, PACKETS), format);
      read(format.prefix(packets, 0), format);
      expect(flvRefusal(format, packets) ?? "").toMatch(ONE_LINE);
      expect(flvFileHeader(format, packets)).toHaveLength(13);
    }
    const aac = new AacFormat().encode(log, 0, PACKETS, packets);
    for (let at = 0; at < aac.length; ) {
      const [sync, flags, , d = 0, e = 0, f = 0] = aac.subarray(at);
      expect([sync, flags]).toEqual([0xff, 0xf1]);
      at += ((d & 3) << 11) | (e << 3) | (f >> 5);
      expect(at).toBeLessThanOrEqual(aac.length);
    }
    expect(new Mp3Format().encode(log, 0, PACKETS).length).toBeLessThanOrEqual(log.bytes);
    for (const reason of [aacRefusal(packets), mp3Refusal(packets)]) expect(reason ?? "").toMatch(ONE_LINE);
  }
});
