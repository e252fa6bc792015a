import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

const directory = join(import.meta.dir, "../../../dist/e2e");

/** A test picture of `size` with a key frame every `gop` pictures, 25 a second, and a tone. */
export interface ClipOptions {
  readonly seconds: number;
  readonly video?: boolean;
  readonly audio?: boolean;
  readonly size?: string;
  /** kbit/s; noise keeps the encoder at it. */
  readonly bitrate?: number;
  readonly gop?: number;
}

/** The path of an FLV file with H.264 and AAC; made once, kept in `dist/e2e`. */
export function clip({
  seconds,
  video = true,
  audio = true,
  size = "320x180",
  bitrate,
  gop = 25,
}: ClipOptions): string {
  const tracks = `${video ? "v" : ""}${audio ? "a" : ""}`;
  const ending = `${bitrate === undefined ? "" : `-${bitrate}k`}${gop === 25 ? "" : `-gop${gop}`}`;
  const path = join(directory, `${tracks}-${seconds}s-${size}${ending}.flv`);
  if (existsSync(path)) return path;
  mkdirSync(directory, { recursive: true });
  const noise = bitrate === undefined ? "" : ",noise=alls=60:allf=t";
  const rate = bitrate === undefined ? [] : ["-b:v", `${bitrate}k`, "-maxrate", `${bitrate}k`, "-bufsize", "500k"];
  const aside = `${path}.${process.pid}.flv`;
  const made = Bun.spawnSync([
    ...["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", "-y"],
    ...(video ? ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25${noise}`] : []),
    ...(audio ? ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"] : []),
    ...["-t", String(seconds)],
    ...(video ? ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", `${gop}`, "-bf", "0"] : []),
    ...(video ? ["-sc_threshold", "0", ...rate] : []),
    ...(audio ? ["-c:a", "aac", "-b:a", "64k"] : []),
    ...["-f", "flv", "-flvflags", "no_duration_filesize", aside],
  ]);
  if (made.exitCode !== 0) throw new Error(`FFmpeg made no clip:\n${made.stderr}`);
  renameSync(aside, path);
  return path;
}

/** Five 4K pictures, half a second apart, of noise, each a key frame of more than 8 MB. */
export function largePictures(): string {
  const path = join(directory, "noise-4k-5.flv");
  if (existsSync(path)) return path;
  mkdirSync(directory, { recursive: true });
  const aside = `${path}.${process.pid}.flv`;
  const made = Bun.spawnSync([
    ...["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", "-y"],
    ...["-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=2,noise=alls=40:allf=t", "-frames:v", "5"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-qp", "16", "-g", "1"],
    ...["-f", "flv", "-flvflags", "no_duration_filesize", aside],
  ]);
  if (made.exitCode !== 0) throw new Error(`FFmpeg made no clip:\n${made.stderr}`);
  renameSync(aside, path);
  return path;
}
