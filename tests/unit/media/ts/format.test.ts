import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Packet } from "../../../../src/media/packet.ts";
import { PacketFlag, PacketKind } from "../../../../src/media/packet.ts";
import { TsFormat } from "../../../../src/media/ts/format.ts";
import { concat, fromHex } from "../../../support/bytes.ts";
import { between, mulberry32, pick } from "../../../support/random.ts";
import { audioIn, audioOf, longestClockGap, videoIn, videoOf } from "../../../support/ts-check.ts";
import { demux } from "../../../support/ts-demuxer.ts";
import { TestLog } from "../../../support/ts-log.ts";
import {
  aacFrame,
  aacHeader,
  avcFrame,
  avcHeader,
  avcRecord,
  h264Pps,
  h264Sps,
  packetOf,
  unit,
} from "../../../support/ts-media.ts";
import { testStream } from "../../../support/ts-stream.ts";

const VIDEO = 0x100;
const AUDIO = 0x101;

/** Ranges of [from, to) of random lengths. */
function ranges(random: () => number, from: number, to: number): [number, number][] {
  const list: [number, number][] = [];
  for (let at = from; at < to; ) {
    const end = Math.min(to, at + between(random, 1, 9));
    list.push([at, end]);
    at = end;
  }
  return list;
}

/** What a reader gets that begins at a packet and is fed in random pieces. */
function read(
  format: TsFormat,
  log: TestLog,
  headers: readonly Packet[],
  random: () => number,
  from: number,
  to = log.packets.length,
): Uint8Array {
  return concat(ranges(random, from, to).map(([a, b]) => format.encode(log, a, b, a === from ? headers : undefined)));
}

const keys = (packets: readonly Packet[]) =>
  packets.flatMap(({ kind, flags }, seq) => (kind === PacketKind.Video && flags & PacketFlag.Key ? [seq] : []));

describe("MPEG-TS for readers", () => {
  test("has continuous counters at any position, in any pieces and order", () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.boolean(), (seed, audio) => {
        const random = mulberry32(seed);
        const { headers, packets } = testStream(random, { video: true, audio, frames: 40, gop: 8, bytes: 900 });
        const log = new TestLog(packets);
        const format = TsFormat.of();
        const starts = keys(packets);
        const all = Array.from({ length: 4 }, () => {
          const from = pick(random, starts);
          return { from, bytes: read(pick(random, [format, format]), log, headers, random, from) };
        });
        const whole = read(format, log, headers, random, 0);
        for (const { from, bytes } of [...all, { from: 0, bytes: whole }]) {
          const stream = demux(bytes);
          expect(stream.errors).toEqual([]);
          expect(videoIn(stream)).toEqual(videoOf(packets.slice(from), 0));
          expect(audioIn(stream)).toEqual(audioOf(packets.slice(from), 0));
          // The same bytes for all that are at one place.
          expect(toText(bytes.subarray(-188))).toBe(toText(whole.subarray(-188)));
        }
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  test("is shared from the position on where readers begin", () => {
    const { headers, packets } = testStream(mulberry32(4), { video: true, audio: true, frames: 30 });
    const log = new TestLog(packets);
    const [forwards, backwards] = [TsFormat.of(), TsFormat.of()];
    const second = keys(packets)[1] ?? 0;
    const a = forwards.encode(log, 0, second, headers);
    const b = forwards.encode(log, second, packets.length);
    const late = backwards.encode(log, second, packets.length, headers);
    const early = backwards.encode(log, 0, second, headers);
    expect(demux(concat([a, b])).errors).toEqual([]);
    expect(demux(concat([early, backwards.encode(log, second, packets.length)])).errors).toEqual([]);
    expect(early.length).toBe(a.length);
    expect(late.length - b.length).toBe(6 * 188);
  });

  test("changes from video to audio alone and back without a step in the audio's counter", () => {
    const random = mulberry32(5);
    const { headers, packets } = testStream(random, { video: true, audio: true, frames: 60, gop: 10 });
    const log = new TestLog(packets);
    const format = TsFormat.of();
    const parts = ranges(random, 0, packets.length).map(([from, to], i) => {
      const chosen = Math.floor(i / 4) % 2 === 0 ? format : format.withoutVideo;
      return chosen.encode(log, from, to, i === 0 ? headers : undefined);
    });
    const stream = demux(concat(parts));
    expect(stream.errors.filter((error) => !error.startsWith("0x100 "))).toEqual([]);
    expect(audioIn(stream)).toEqual(audioOf(packets, 0));
  });

  test("without video has the audio, with the clock", () => {
    const random = mulberry32(6);
    const { headers, packets } = testStream(random, { video: true, audio: true, frames: 60 });
    const format = TsFormat.of().withoutVideo;
    expect([format.video, format.withoutVideo]).toEqual([false, format]);
    const stream = demux(read(format, new TestLog(packets), headers, random, 0));
    expect(stream.errors).toEqual([]);
    expect(audioIn(stream)).toEqual(audioOf(packets, 0));
    expect(stream.pes.every(({ pid }) => pid === AUDIO)).toBe(true);
    expect(longestClockGap(stream, AUDIO)).toBeLessThanOrEqual(100);
  });

  test("of an audio stream has PAT and PMT with every 16th packet", () => {
    const { headers, packets } = testStream(mulberry32(7), { video: false, audio: true, frames: 60 });
    const format = TsFormat.of();
    const stream = demux(read(format, new TestLog(packets), headers, mulberry32(7), 0));
    const at = stream.sections
      .filter(({ pid }) => pid === 0)
      .map((pat) => stream.pes.filter((pes) => pes.at < pat.at).length);
    // Where it begins, then with its first packet, which is the first of the program.
    expect(at.slice(0, 4)).toEqual([0, 0, 16, 32]);
    expect(stream.errors).toEqual([]);
    expect(longestClockGap(stream, AUDIO)).toBeLessThanOrEqual(100);
  });

  test("of an audio stream may begin at its end, before the next packet is there", () => {
    const { headers, packets } = testStream(mulberry32(11), { video: false, audio: true, frames: 60 });
    const log = new TestLog(packets);
    const format = TsFormat.of();
    format.encode(log, 0, 20, headers);
    const stream = demux(concat([format.encode(log, 20, 20, headers), format.encode(log, 20, 40)]));
    expect(stream.sections[0]?.at).toBe(3 * 188);
    expect(stream.errors).toEqual([]);
    expect(audioIn(stream)).toEqual(audioOf(packets.slice(20, 40), 0));
  });

  test("keeps the video's clock if the audio's times are ahead of it", () => {
    const { headers, packets } = testStream(mulberry32(12), { video: true, audio: true, frames: 60 });
    const ahead = packets.map((packet) =>
      packet.kind === PacketKind.Audio ? aacFrame(packet.time + 5000, unit(1, 9)) : packet,
    );
    const stream = demux(read(TsFormat.of(), new TestLog(ahead), headers, mulberry32(12), 0));
    const clocks = stream.clocks.map(({ base }) => base);
    const dts = stream.pes.filter(({ pid }) => pid === VIDEO).map((pes) => pes.dts - 63_000);
    expect(clocks).toEqual(dts);
  });

  test("signals another clock when times run back", () => {
    const frame = (time: number) => avcFrame(time, 40, true, [unit(5, 9)]);
    const log = new TestLog([frame(60_000), frame(60_040), frame(0), frame(40)]);
    const bytes = TsFormat.of().encode(log, 0, 4, [avcHeader()]);
    const { clocks } = demux(bytes);
    expect(clocks.map(({ base }) => base)).toEqual([60_000, 60_040, 0, 40].map((ms) => ms * 90 + 63_000));
    expect(clocks.map(({ at }) => (bytes[at + 5] ?? 0) & 0x80)).toEqual([0, 0, 0x80, 0]);
  });

  test("has the clock with the audio while the video pauses", () => {
    const { packets } = testStream(mulberry32(8), { video: false, audio: true, frames: 60 });
    const sparse = [0, 1000, 2000].map((time) => avcFrame(time, 40, true, [unit(5, 50)]));
    const all = [...packets, ...sparse].sort((a, b) => a.time - b.time);
    const stream = demux(read(TsFormat.of(), new TestLog(all), [aacHeader, avcHeader()], mulberry32(8), 0));
    expect(longestClockGap(stream, VIDEO)).toBeLessThanOrEqual(100);
    expect(stream.errors).toEqual([]);
  });

  test("signals a loss on each PID", () => {
    const { headers, packets } = testStream(mulberry32(9), { video: true, audio: true, frames: 60, gop: 10 });
    const log = new TestLog(packets);
    const format = TsFormat.of();
    const [, , third = 0] = keys(packets);
    const before = format.encode(log, 0, 15, headers);
    const after = format.encode(log, third, packets.length, headers);
    expect(demux(concat([before, after])).errors).toEqual([]);
    expect(demux(concat([before, format.encode(log, third, packets.length)])).errors).not.toEqual([]);
  });

  test("continues when a log has dropped what was sent, and begins again after a pause without readers", () => {
    const { headers, packets } = testStream(mulberry32(10), { video: true, audio: true, frames: 200, gop: 10 });
    const log = new TestLog(packets);
    const format = TsFormat.of();
    const parts = [format.encode(log, 0, 40, headers)];
    for (const [from, to] of ranges(mulberry32(10), 40, 300)) {
      log.start = Math.max(0, from - 30);
      parts.push(format.encode(log, from, to));
    }
    expect(demux(concat(parts)).errors).toEqual([]);
    const start = keys(packets).find((seq) => seq > 350) ?? 0;
    log.start = start;
    const later = demux(format.encode(log, start, packets.length, headers));
    expect(later.errors).toEqual([]);
    expect(videoIn(later)).toEqual(videoOf(packets.slice(start), 0));
  });

  test("has the headers in force at each position, not the newest", () => {
    const frame = (time: number, bytes: number) => avcFrame(time, 40, true, [unit(5, 9)], bytes);
    const packets = [frame(0, 4), avcHeader(avcRecord([h264Sps], [h264Pps], 2)), frame(40, 2), frame(80, 2)];
    const log = new TestLog(packets);
    const format = TsFormat.of();
    const ends = (bytes: Uint8Array) => demux(bytes).pes.map(({ data }) => data.length);
    const one = 6 + h264Sps.length + h264Pps.length + 8 + 13;
    expect(ends(format.encode(log, 0, 4, [avcHeader()]))).toEqual([one, one, one]);
    expect(ends(format.encode(log, 0, 1))).toEqual([one]);
    expect(ends(format.encode(log, 2, 4))).toEqual([one, one]);
    expect(format.skipped).toBe(0);
  });

  test("signals when its streams change, and when video is gone for good", () => {
    const mp3 = (time: number) => packetOf(PacketKind.Audio, time, fromHex("2f fffb9000"));
    const packets = [avcFrame(0, 40, true, [unit(5, 9)]), mp3(10), mp3(30), mp3(50)];
    const log = new TestLog(packets);
    const format = TsFormat.of();
    const types = (bytes: Uint8Array) =>
      demux(bytes)
        .sections.filter(({ pid }) => pid !== 0)
        .map((map) => [map.bytes[12], map.bytes[17]]);
    const withVideo = concat([format.encode(log, 0, 2, [avcHeader()]), format.encode(log, 2, 3)]);
    expect(demux(withVideo).errors).toEqual([]);
    expect(types(withVideo).at(-1)).toEqual([0x1b, 0x03]);
    const sound = format.encode(log, 3, 4, []);
    expect(types(sound).at(-1)?.[0]).toBe(0x03);
    expect(demux(sound).clocks.map(({ pid }) => pid)).toEqual([AUDIO]);
  });

  test("counts a frame that can't be sent once", () => {
    const lying = packetOf(PacketKind.Video, 40, fromHex("27 01 000000 00000009 01"));
    const log = new TestLog([avcFrame(0, 40, true, [unit(5, 9)]), lying]);
    const format = TsFormat.of();
    for (let i = 0; i < 3; i++) format.encode(log, 0, 2, [avcHeader()]);
    expect(format.skipped).toBe(1);
    expect(format.encode(log, 1, 2).length).toBe(0);
    expect(format.prefix().length).toBe(0);
  });

  test("of video in presentation order has decoding times from the SPS, at any position", () => {
    const times = [120, 240, 160, 200, 360, 280, 320];
    const gop = (at: number) => times.map((time, i) => avcFrame(at + time, 0, i === 0, [unit(i === 0 ? 5 : 1, 9)]));
    const packets = [...gop(0), ...gop(280), ...gop(560)];
    const log = new TestLog(packets);
    const format = TsFormat.of();
    const stream = demux(format.encode(log, 0, packets.length, [avcHeader()]));
    const dts = stream.pes.map((pes) => (pes.dts - 126_000) / 90);
    expect(dts).toEqual(packets.map((_, i) => 40 * (i + 1)));
    expect(stream.pes.map((pes) => (pes.pts - 126_000) / 90)).toEqual(packets.map(({ time }) => time));
    const middle = demux(format.encode(log, 10, 14));
    expect(middle.pes.map((pes) => (pes.dts - 126_000) / 90)).toEqual(dts.slice(10, 14));
  });
});

function toText(bytes: Uint8Array): string {
  return Array.from(bytes).join(" ");
}
