import { WAIT_LIMIT_MS } from "../limits.ts";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

const quiet = ["-hide_banner", "-nostats", "-loglevel", "warning"];

/** One packet as FFmpeg's demuxer gave it: times in ms, the MD5 of its data. */
export interface Frame {
  readonly track: "video" | "audio";
  readonly dts: number;
  readonly pts: number;
  readonly size: number;
  readonly hash: string;
}

/** How a clip is published. */
export interface PublishOptions {
  /** Before the input: `-stream_loop -1`, `-ss 2`. */
  readonly input?: readonly string[];
  /** Before the output: `-output_ts_offset 100`. */
  readonly output?: readonly string[];
  readonly name?: string;
}

/** Publishes a clip in real time without touching its packets. */
export function publishClip(stage: Stage, path: string, url: string, options: PublishOptions = {}): Program {
  const { input = [], output = [], name = "encoder" } = options;
  const flv = ["-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize"];
  return stage.start(name, ["ffmpeg", ...quiet, "-re", ...input, "-i", path, ...flv, ...output, url]);
}

/** Publishes files by URL, all of them by one FFmpeg and on one clock, as an encoder does with the steps of a ladder. */
export function publishClips(stage: Stage, paths: ReadonlyMap<string, string>, name = "encoder"): Program {
  const inputs = [...paths.values()].flatMap((path) => ["-re", "-i", path]);
  const flv = ["-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize"];
  const outputs = [...paths.keys()].flatMap((url, at) => ["-map", `${at}`, ...flv, url]);
  return stage.start(name, ["ffmpeg", ...quiet, ...inputs, ...outputs]);
}

/** Plays with FFmpeg; each packet it reads is one line of its output, as it comes. */
export function playFrames(stage: Stage, url: string, name = "player", map = ["v", "a"]): Program {
  const maps = map.flatMap((kind) => ["-map", `0:${kind}`]);
  const hash = ["-c", "copy", "-f", "framehash", "-hash", "md5", "-flush_packets", "1", "-"];
  return stage.start(name, ["ffmpeg", ...quiet, "-copyts", "-i", url, ...maps, ...hash]);
}

/** The packets among the lines of `playFrames`. */
export function framesOf(lines: readonly string[], map = ["v", "a"]): Frame[] {
  return lines.flatMap((line) => {
    const [stream, dts, pts, , size, hash] = line.split(",").map((field) => field.trim());
    if (hash === undefined || !/^[0-9a-f]{32}$/.test(hash)) return [];
    const track = map[Number(stream)] === "v" ? "video" : "audio";
    return [{ track, dts: Number(dts), pts: Number(pts), size: Number(size), hash }];
  });
}

/** Waits until a player of `playFrames` has come to this time of its first stream, ms, wherever it began. */
export async function playedTo(player: Program, ms: number): Promise<void> {
  await until(
    `${player.name} plays what stands at ${ms} ms`,
    () => {
      if (lastTime(player.lines) >= ms) return true;
      if (!player.running) throw new Error(`${player.name} ended before ${ms} ms\n${player.tail()}`);
      return false;
    },
    WAIT_LIMIT_MS,
    () => player.tail(),
  );
}

function lastTime(lines: readonly string[]): number {
  return Number(/^0, *(\d+),/.exec(lines.findLast((line) => /^0, *\d+,/.test(line)) ?? "")?.[1] ?? -1);
}

const files = new Map<string, SourceFrame[]>();

/** A packet of a file, with what only the file tells. */
export interface SourceFrame extends Frame {
  readonly key: boolean;
}

/** A packet in ffprobe's JSON. */
interface Shown {
  readonly codec_type: string;
  readonly dts: number;
  readonly pts: number;
  readonly size: string;
  readonly flags: string;
  readonly data_hash: string;
}

/** The packets of a file. */
export function fileFrames(path: string): readonly SourceFrame[] {
  const known = files.get(path);
  if (known !== undefined) return known;
  const entries = "packet=codec_type,pts,dts,flags,size,data_hash";
  const shown = ["-show_packets", "-show_data_hash", "md5", "-show_entries", entries, "-of", "json"];
  const run = Bun.spawnSync(["ffprobe", "-v", "error", ...shown, path]);
  if (run.exitCode !== 0) throw new Error(`ffprobe ${path}:\n${run.stderr}`);
  const { packets } = JSON.parse(run.stdout.toString()) as { packets: readonly Shown[] };
  const frames = packets.map(
    ({ codec_type, dts, pts, size, flags, data_hash }): SourceFrame => ({
      track: codec_type === "video" ? "video" : "audio",
      dts,
      pts,
      size: Number(size),
      hash: data_hash.replace(/^MD5:/, ""),
      key: codec_type === "video" && flags.includes("K"),
    }),
  );
  files.set(path, frames);
  return frames;
}

/** What FFmpeg says against a file when it decodes all of it; empty when it is sound. */
export function decodeErrors(path: string): string {
  // In milliseconds: by the frame rate, two pictures that a change of sources brought near each other are one time.
  const nowhere = ["-enc_time_base", "1:1000", "-f", "null", "-"];
  const run = Bun.spawnSync(["ffmpeg", "-hide_banner", "-v", "error", "-i", path, ...nowhere]);
  return `${run.stdout}${run.stderr}`.trim();
}

/** The kinds of the streams that FFmpeg finds, as "video,audio". */
export function streamKinds(path: string): string {
  const run = Bun.spawnSync(["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", path]);
  return run.stdout.toString().trim().split("\n").join(",");
}

/** What a program of FFmpeg's prints, and what it says about its input: warnings and errors. */
export async function saidBy(program: string, ...words: readonly string[]): Promise<{ out: string; err: string }> {
  const { stdout, stderr } = Bun.spawn([program, "-v", "warning", ...words], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(stdout).text(), new Response(stderr).text()]);
  return { out, err };
}
