import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FrameReader } from "../../src/media/frame.ts";
import { FragmentWriter } from "../../src/media/mp4/fragment.ts";
import { initSegment } from "../../src/media/mp4/init-segment.ts";
import { mp4Refusal, mp4Tracks } from "../../src/media/mp4/tracks.ts";
import { type Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import { PacketListCursor } from "../../src/media/packet-cursor.ts";
import { concat, toHex } from "../support/bytes.ts";
import { mp4Clip } from "../support/mp4-clip.ts";
import { parseFragments, parseTracks } from "../support/mp4-parser.ts";
import { packetOf } from "../support/ts-media.ts";

const missing = ["ffmpeg", "ffprobe"].filter((name) => Bun.which(name) === null);
const encoders = missing.length > 0 ? "" : Bun.spawnSync(["ffmpeg", "-v", "error", "-encoders"]).stdout.toString();
if (missing.length > 0) process.stdout.write(`skipped: mp4-ffmpeg needs ${missing.join(", ")}\n`);

const directory = mkdtempSync(join(tmpdir(), "mp4-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
const AAC = ["-c:a", "aac", "-b:a", "64k"];
const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2", "-sc_threshold", "0"];
const x265 = [
  "-c:v",
  "libx265",
  "-preset",
  "ultrafast",
  "-x265-params",
  "log-level=none:bframes=3:keyint=25:open-gop=0",
];
const vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"];
const aom = ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-g", "25"];

/** What is put into an MP4 file by FFmpeg, and into packets from there. */
const clips = [
  ["H.264 with B-frames and AAC", 320, [...VIDEO, ...AUDIO, "-t", "3", ...x264, ...AAC]],
  ["HEVC with B-frames and AAC", 320, [...VIDEO, ...AUDIO, "-t", "2", ...x265, ...AAC]],
  ["VP9 and Opus", 320, [...VIDEO, ...AUDIO, "-t", "2", ...vp9, "-c:a", "libopus"]],
  ["AV1 and FLAC", 320, [...VIDEO, ...AUDIO, "-t", "1.5", ...aom, "-c:a", "flac", "-strict", "-2"]],
  ["AAC alone", 0, [...AUDIO, "-t", "5", ...AAC]],
  ["MP3 alone", 0, [...AUDIO, "-t", "3", "-c:a", "libmp3lame"]],
  ["Opus alone", 0, [...AUDIO, "-t", "3", "-c:a", "libopus"]],
  ["FLAC alone", 0, [...AUDIO, "-t", "3", "-c:a", "flac", "-strict", "-2"]],
  ["AC-3 alone", 0, [...AUDIO, "-t", "3", "-c:a", "ac3"]],
  ["E-AC-3 alone", 0, [...AUDIO, "-t", "3", "-c:a", "eac3"]],
] as const;

/** A packet as FFprobe sees it, times in ms. */
interface Probed {
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
  readonly md5: string;
}

function probe(path: string): Map<string, Probed[]> {
  const entries = ["-show_data_hash", "md5", "-show_entries", "packet=codec_type,pts_time,dts_time,flags,data_hash"];
  const done = Bun.spawnSync(["ffprobe", "-v", "warning", ...entries, "-of", "json", path]);
  if (done.exitCode !== 0 || done.stderr.length > 0) throw new Error(`FFprobe: ${done.stderr}`);
  const found = new Map<string, Probed[]>();
  const { packets } = JSON.parse(done.stdout.toString()) as { packets: Record<string, string>[] };
  for (const { codec_type: kind = "", pts_time: pts, dts_time: dts, flags = "", data_hash: hash = "" } of packets) {
    const list = found.get(kind) ?? [];
    list.push({ pts: Number(pts) * 1000, dts: Number(dts) * 1000, key: flags.startsWith("K"), md5: hash.slice(4) });
    found.set(kind, list);
  }
  return found;
}

function sent(packets: readonly Packet[], kind: PacketKind): Probed[] {
  const reader = new FrameReader();
  return packets
    .filter((packet) => packet.kind === kind)
    .map(({ payload, time, flags }) => {
      reader.read(kind, payload);
      const md5 = new Bun.CryptoHasher("md5").update(payload.subarray(reader.start, reader.end)).digest("hex");
      const key = kind === PacketKind.Audio || (flags & PacketFlag.Key) !== 0;
      return { pts: time + reader.composition, dts: time, key, md5 };
    });
}

/** Fragments of so many packets each, with what is known of the next one. */
function fragments(packets: readonly Packet[], writer: FragmentWriter, size: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < packets.length; at += size) {
    const part = new PacketListCursor(packets.slice(at, at + size));
    found.push(writer.write(part, found.length + 1, { next: packets.slice(at + size, at + size + 20) }).bytes);
  }
  return found;
}

describe.skipIf(missing.length > 0).each(clips)("MP4 of %s", (name, width, args) => {
  const lacking = args.filter((arg, i) => /^-c:[av]$/.test(args[i - 1] ?? "") && !encoders.includes(` ${arg} `));
  if (lacking.length > 0) process.stdout.write(`skipped: mp4-ffmpeg, ${name}: FFmpeg has no ${lacking.join(", ")}\n`);
  const run = test.skipIf(lacking.length > 0);
  let source = new Uint8Array(0);
  let packets: readonly Packet[] = [];
  let headers: readonly Packet[] = [];

  beforeAll(() => {
    if (lacking.length > 0) return;
    const path = join(directory, `${name.replaceAll(" ", "-")}.mp4`);
    const pixels = width > 0 ? ["-pix_fmt", "yuv420p"] : [];
    const made = Bun.spawnSync(["ffmpeg", "-v", "error", "-y", ...args, ...pixels, path]);
    if (made.exitCode !== 0) throw new Error(`${made.stderr}`);
    source = readFileSync(path);
    ({ headers, packets } = mp4Clip(path, source));
    expect(packets.length).toBeGreaterThan(20);
  });

  run("has the configuration that FFmpeg has", () => {
    const all = [...headers, ...packets];
    expect(mp4Refusal(all)).toBeUndefined();
    const ours = parseTracks(initSegment(mp4Tracks(all)));
    const theirs = parseTracks(source);
    expect(ours.map(({ handler, entry }) => [handler, entry.type])).toEqual(
      theirs.map(({ handler, entry }) => [handler, entry.type === "hev1" ? "hvc1" : entry.type]),
    );
    for (const [at, { entry, width: wide, timescale }] of ours.entries()) {
      expect(wide).toBe(theirs[at]?.width ?? -1);
      if (wide === 0) expect(timescale).toBe(theirs[at]?.timescale ?? -1);
      const [own] = entry.boxes;
      if (own === undefined || own.type === "esds") continue;
      const their = theirs[at]?.entry.boxes.find(({ type }) => type === own.type);
      expect([own.type, toHex(own.content)]).toEqual([own.type, toHex(their?.content ?? new Uint8Array(0))]);
    }
  });

  run.each([7, 1, 1000])("is read with the source's packets and times, in fragments of %i packets", (size) => {
    const tracks = mp4Tracks([...headers, ...packets]);
    const writer = new FragmentWriter(tracks, 0);
    const path = join(directory, "made.mp4");
    writeFileSync(path, concat([initSegment(tracks), ...fragments(packets, writer, size)]));
    expect(writer.skipped).toBe(0);
    const found = probe(path);
    const rounded = (list: readonly Probed[]) =>
      list.map(({ pts, dts, key, md5 }) => [Math.round(pts), Math.round(dts), key, md5]);
    expect(rounded(found.get("video") ?? [])).toEqual(rounded(sent(packets, PacketKind.Video)));
    const [audio, sound] = [found.get("audio") ?? [], sent(packets, PacketKind.Audio)];
    expect(audio.map(({ md5, key }) => [md5, key])).toEqual(sound.map(({ md5, key }) => [md5, key]));
    for (const [i, { pts }] of audio.entries()) expect(Math.abs(pts - (sound[i]?.pts ?? 0))).toBeLessThanOrEqual(1.1);
    if (size === 1) return;
    const stdin = readFileSync(path);
    const decoded = Bun.spawnSync(["ffmpeg", "-v", "warning", "-i", "pipe:0", "-f", "null", "-"], { stdin });
    expect(`${decoded.stdout}${decoded.stderr}`).toBe("");
  });

  run("is gapless: each audio frame begins where the one before ended", () => {
    const tracks = mp4Tracks([...headers, ...packets]).filter(({ kind }) => kind === PacketKind.Audio);
    const made = parseFragments(concat(fragments(packets, new FragmentWriter(tracks, 0), 10)));
    const samples = made.flatMap((fragment) => fragment.samples);
    expect(samples.length).toBeGreaterThan(10);
    const ends = samples.map(({ dts, duration }) => dts + duration);
    expect(samples.slice(1).map(({ dts }) => dts)).toEqual(ends.slice(0, -1));
    // FLAC's and MP3's last frame may be shorter.
    expect(new Set(samples.slice(0, -2).map(({ duration }) => duration)).size).toBe(1);
  });
});

test.skipIf(missing.length > 0)("MP4 of two audio tracks that share messages is read as two streams", () => {
  const path = join(directory, "two.mp4");
  const made = Bun.spawnSync(["ffmpeg", "-v", "error", "-y", ...AUDIO, "-t", "2", ...AAC, path]);
  if (made.exitCode !== 0) throw new Error(`${made.stderr}`);
  const clip = mp4Clip(path, readFileSync(path));
  // ManyTracks of mp4a, ids 0 and 3.
  const [headers, packets] = [clip.headers, clip.packets].map((list, type) =>
    list.map(({ time, payload }) => {
      const body = payload.subarray(5);
      const size = Uint8Array.of(body.length >> 16, body.length >> 8, body.length);
      const tracks = [0, 3].flatMap((id) => [Uint8Array.of(id), size, body]);
      const head = concat([Uint8Array.of(0x95, 0x10 | type), payload.subarray(1, 5)]);
      return packetOf(PacketKind.Audio, time, concat([head, ...tracks]));
    }),
  ) as [Packet[], Packet[]];
  const tracks = mp4Tracks(headers);
  const ours = join(directory, "made.mp4");
  writeFileSync(ours, concat([initSegment(tracks), ...fragments(packets, new FragmentWriter(tracks, 0), 10)]));
  const entries = ["-show_entries", "packet=stream_index", "-of", "csv=p=0"];
  const done = Bun.spawnSync(["ffprobe", "-v", "warning", ...entries, ours]);
  expect(done.stderr.toString()).toBe("");
  const count = (index: string) =>
    done.stdout
      .toString()
      .split("\n")
      .filter((line) => line === index).length;
  expect([count("0"), count("1")]).toEqual([packets.length, packets.length]);
});
