import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flvTags } from "../../src/media/flv.ts";
import { FrameReader } from "../../src/media/frame.ts";
import { type Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import { TsFormat } from "../../src/media/ts/format.ts";
import { tsSegment } from "../../src/media/ts/segment.ts";
import { concat, fromHex } from "../support/bytes.ts";
import { nalUnits } from "../support/ts-demuxer.ts";
import { TestLog } from "../support/ts-log.ts";
import { packetOf, sized } from "../support/ts-media.ts";

const missing = ["ffmpeg", "ffprobe"].filter((name) => Bun.which(name) === null);
if (missing.length > 0) process.stdout.write(`skipped: ts-ffmpeg needs ${missing.join(", ")}\n`);

const directory = mkdtempSync(join(tmpdir(), "ts-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A clip's headers and packets. */
interface Clip {
  readonly headers: readonly Packet[];
  readonly packets: readonly Packet[];
}

/** A frame as FFprobe sees it: times in ms, without the offset of a transport stream. */
interface Probed {
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
}

const VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
const AAC = ["-c:a", "aac", "-b:a", "64k"];
const ZERO_MS = 1400;

function run(args: readonly string[]): string {
  const done = Bun.spawnSync([...args]);
  if (done.exitCode !== 0) throw new Error(`${args.join(" ")}\n${done.stderr}`);
  return `${done.stdout}${done.stderr}`;
}

function make(name: string, args: readonly string[]): string {
  const path = join(directory, name);
  run(["ffmpeg", "-v", "error", "-y", ...args, path]);
  return path;
}

function flvClip(path: string): Clip {
  const all = [...flvTags(readFileSync(path))].map((tag) => packetOf(tag.kind, tag.timestamp, tag.payload));
  const isHeader = ({ flags }: Packet) => (flags & PacketFlag.SequenceHeader) !== 0;
  const media = all.filter(
    (packet) => !isHeader(packet) && packet.kind !== PacketKind.Data && packet.payload.length > 5,
  );
  return { headers: all.filter(isHeader), packets: media };
}

/** FFmpeg 5.1 can't write HEVC to FLV: its frames and their times come separately, and get enhanced headers here. */
function hevcClip(path: string): Clip {
  const times = probe(path, ["-select_streams", "v"]).get("video") ?? [];
  const bitstream = join(directory, "clip.hevc");
  run([
    "ffmpeg",
    "-v",
    "error",
    "-y",
    "-i",
    path,
    "-c",
    "copy",
    "-bsf:v",
    "hevc_mp4toannexb,hevc_metadata=aud=insert",
    "-f",
    "hevc",
    bitstream,
  ]);
  const typeOf = ([first = 0]: Uint8Array) => (first >> 1) & 63;
  const frames: Uint8Array[][] = [];
  for (const nal of nalUnits(readFileSync(bitstream))) typeOf(nal) === 35 ? frames.push([]) : frames.at(-1)?.push(nal);
  const sets = [32, 33, 34].map((type) => (frames[0] ?? []).filter((nal) => typeOf(nal) === type));
  const profile = (sets[1]?.[0] ?? new Uint8Array(0)).subarray(3);
  const arrays = sets.flatMap((list, i) => [
    Uint8Array.of(32 + i, list.length >> 8, list.length),
    ...list.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length), nal]),
  ]);
  const record = concat([Uint8Array.of(1), profile.subarray(0, 12), fromHex("f000fcfdf8f800000f03"), ...arrays]);
  const hvc1 = fromHex("68766331");
  const header = packetOf(PacketKind.Video, 0, concat([Uint8Array.of(0x90), hvc1, record]));
  const video = frames.map((nals, i) => {
    const { pts = 0, dts = 0, key = false } = times[i] ?? {};
    const composition = Math.round(pts) - Math.round(dts);
    const head = Uint8Array.of(key ? 0x91 : 0xa1, ...hvc1, composition >> 16, composition >> 8, composition);
    const own = nals.filter((nal) => typeOf(nal) < 32 || typeOf(nal) > 34);
    return packetOf(PacketKind.Video, Math.round(dts), concat([head, sized(own)]));
  });
  const sound = flvClip(make("hevc-audio.flv", ["-i", path, "-vn", "-c", "copy"]));
  const packets = [...video, ...sound.packets].sort((a, b) => a.time - b.time);
  return { headers: [...sound.headers, header], packets };
}

/** The packets of a file by the kind of their stream; throws when FFprobe has a warning to give. */
function probe(path: string, options: readonly string[] = [], zeroMs = 0): Map<string, Probed[]> {
  const entries = ["-show_entries", "packet=codec_type,pts_time,dts_time,flags", "-of", "json"];
  const done = Bun.spawnSync(["ffprobe", "-v", "warning", ...options, ...entries, path]);
  if (done.exitCode !== 0 || done.stderr.length > 0) throw new Error(`FFprobe: ${done.stderr}`);
  const found = new Map<string, Probed[]>();
  const { packets } = JSON.parse(done.stdout.toString()) as { packets: Record<string, string>[] };
  for (const { codec_type: kind = "", pts_time: pts, dts_time: dts, flags = "" } of packets) {
    const list = found.get(kind) ?? [];
    list.push({ pts: Number(pts) * 1000 - zeroMs, dts: Number(dts) * 1000 - zeroMs, key: flags.startsWith("K") });
    found.set(kind, list);
  }
  return found;
}

/** Segments of two seconds or more, each from a key frame on, or each 50 packets of sound. */
function segments({ headers, packets }: Clip): Uint8Array[] {
  const parts: Packet[][] = [[]];
  const hasVideo = packets.some(({ kind }) => kind === PacketKind.Video);
  for (const packet of packets) {
    const part = parts.at(-1) ?? [];
    const key = packet.kind === PacketKind.Video && (packet.flags & PacketFlag.Key) !== 0;
    if (part.length > 0 && (hasVideo ? key : part.length === 50)) parts.push([packet]);
    else part.push(packet);
  }
  return parts.map((part) => tsSegment(headers, part, 0));
}

function live({ headers, packets }: Clip): Uint8Array {
  const format = TsFormat.of();
  const log = new TestLog(packets);
  const parts: Uint8Array[] = [];
  for (let seq = 0; seq < packets.length; seq += 7)
    parts.push(format.encode(log, seq, Math.min(seq + 7, packets.length), seq === 0 ? headers : undefined));
  return concat(parts);
}

/** That a transport stream has the clip's frames at their times. Those of audio may be off by the rounding of FLV and of FFmpeg's parser. */
function expectClip(ts: Uint8Array, { packets }: Clip, audioDriftMs: number): void {
  const path = join(directory, "made.ts");
  writeFileSync(path, ts);
  const found = probe(path, [], ZERO_MS);
  const reader = new FrameReader();
  const sent = { video: [] as Probed[], audio: [] as Probed[] };
  for (const { kind, time, payload, flags } of packets) {
    reader.read(kind, payload);
    const frame = { pts: time + reader.composition, dts: time, key: (flags & PacketFlag.Key) !== 0 };
    sent[kind === PacketKind.Video ? "video" : "audio"].push(frame);
  }
  const rounded = (list: readonly Probed[]) => list.map(({ pts, dts, key }) => [Math.round(pts), Math.round(dts), key]);
  expect(rounded(found.get("video") ?? [])).toEqual(rounded(sent.video));
  const audio = found.get("audio") ?? [];
  expect(audio.length).toBe(sent.audio.length);
  for (const [i, { pts }] of audio.entries())
    expect(Math.abs(pts - (sent.audio[i]?.pts ?? 0))).toBeLessThanOrEqual(audioDriftMs);
  expect(run(["ffmpeg", "-v", "warning", "-i", path, "-f", "null", "-"])).toBe("");
}

const flv = ["-f", "flv", "-flvflags", "no_duration_filesize"];
const x264 = [
  "-c:v",
  "libx264",
  "-preset",
  "veryfast",
  "-pix_fmt",
  "yuv420p",
  "-g",
  "25",
  "-bf",
  "2",
  "-sc_threshold",
  "0",
];
const x265 = [
  "-c:v",
  "libx265",
  "-x265-params",
  "log-level=none:bframes=3:keyint=25:open-gop=0",
  "-pix_fmt",
  "yuv420p",
];

describe.skipIf(missing.length > 0).each([
  [
    "H.264 with B-frames and AAC",
    () => flvClip(make("b.flv", [...VIDEO, ...AUDIO, "-t", "4", ...x264, ...AAC, ...flv])),
  ],
  ["HEVC with B-frames and AAC", () => hevcClip(make("h.mp4", [...VIDEO, ...AUDIO, "-t", "3", ...x265, ...AAC]))],
  ["AAC alone", () => flvClip(make("a.flv", [...AUDIO, "-t", "4", ...AAC, ...flv]))],
  ["MP3 alone", () => flvClip(make("m.flv", [...AUDIO, "-t", "4", "-c:a", "libmp3lame", "-b:a", "64k", ...flv]))],
  ["H.264 alone", () => flvClip(make("v.flv", [...VIDEO, "-t", "4", ...x264, ...flv]))],
] as const)("MPEG-TS of %s, read by FFprobe without a warning", (_, makeClip) => {
  let clip: Clip = { headers: [], packets: [] };
  beforeAll(() => {
    clip = makeClip();
    expect(clip.packets.length).toBeGreaterThan(70);
  });

  test("FFmpeg reads one segment", () => expectClip(tsSegment(clip.headers, clip.packets, 0), clip, 6));
  test("FFmpeg reads segments one after another", () => expectClip(concat(segments(clip)), clip, 6));
  test("FFmpeg reads a live stream", () => expectClip(live(clip), clip, 1));
});
