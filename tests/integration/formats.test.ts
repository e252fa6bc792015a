import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { AacFormat } from "../../src/media/aac-format.ts";
import { flvTags } from "../../src/media/flv.ts";
import { FlvFormat } from "../../src/media/flv-format.ts";
import { flvFileHeader } from "../../src/media/flv-header.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { concat } from "../support/bytes.ts";
import { clip } from "../support/e2e/clips.ts";
import { type Frame, framesOf } from "../support/e2e/ffmpeg.ts";
import { testWith } from "../support/e2e/tools.ts";
import { ENHANCED_WAYS, enhance } from "../support/enhanced.ts";
import { logOf, packetOf } from "../support/packet-log.ts";

const testWithFfmpeg = testWith("tests/integration/formats.test.ts", "FFmpeg");

/** A time past 24 bits: four and a half hours of stream. */
const BEGIN_MS = 2 ** 24 - 1000;

/** A clip's audio and video with the headers of enhanced RTMP, each packet in another way. */
function enhancedClip(): Packet[] {
  const tags = [...flvTags(readFileSync(clip({ seconds: 2 })))].filter(({ kind }) => kind !== PacketKind.Data);
  return tags.map(({ kind, timestamp, payload }, at) =>
    packetOf(kind, BEGIN_MS + timestamp, enhance(kind, payload, at % ENHANCED_WAYS)),
  );
}

/** The packets that FFmpeg finds; fails when it complains. */
function frames(input: readonly string[], bytes: Uint8Array | undefined, map: string): Frame[] {
  const output = ["-map", map, "-c", "copy", "-copyts", "-f", "framehash", "-hash", "md5", "-"];
  const command = ["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", ...input, ...output];
  const ran = Bun.spawnSync(command, { stdin: bytes ?? "ignore" });
  expect(ran.stderr.toString()).toBe("");
  return framesOf(ran.stdout.toString().split("\n"), ["v"]);
}

testWithFfmpeg("FFmpeg finds the source's frames in a classic FLV stream of enhanced packets", () => {
  const packets = enhancedClip();
  const source = readFileSync(clip({ seconds: 2 }));
  for (const [map, shown] of [
    ["0:v", { enhanced: false, audio: false, video: true }],
    ["0:a", { enhanced: false, audio: true, video: true }],
  ] as const) {
    const format = new FlvFormat(shown);
    const file = concat([flvFileHeader(format, packets), format.encode(logOf(packets), 0, packets.length)]);
    const expected = frames(["-f", "flv", "-i", "-"], source, map);
    expect(expected.length).toBeGreaterThan(40);
    expect(frames(["-f", "flv", "-i", "-"], file, map)).toEqual(
      expected.map((frame) => ({ ...frame, dts: frame.dts + BEGIN_MS, pts: frame.pts + BEGIN_MS })),
    );
  }
});

testWithFfmpeg("FFmpeg finds the source's frames in raw AAC", () => {
  const packets = enhancedClip();
  const aac = new AacFormat().encode(logOf(packets), 0, packets.length, packets);
  const found = frames(["-f", "aac", "-i", "-", "-bsf:a", "aac_adtstoasc"], aac, "0:a");
  const expected = frames(["-i", clip({ seconds: 2 })], undefined, "0:a");
  expect(expected.length).toBeGreaterThan(80);
  expect(found.map(({ hash }) => hash)).toEqual(expected.map(({ hash }) => hash));
});
