import { readdirSync, readFileSync } from "node:fs";
import type { Packet } from "../../../src/media/packet.ts";
import { mp4Clip } from "../mp4-clip.ts";
import { Client, type ClientOptions } from "./client.ts";
import type { Stage } from "./stage.ts";

/** The FFmpegs that a server runs. */
export function ffmpegsOf(server: number): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const [, , , parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
      return Number(parent) === server ? [Number(pid)] : [];
    } catch {
      return []; // It has ended, or is no process.
    }
  });
}

/** Whether a process runs, and is no zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const PICTURE = "testsrc2=size=320x180:rate=25";
const TONE = "sine=sample_rate=44100";
const X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25:open-gop=0"];
const VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"];
const AV1 = ["-c:v", "libsvtav1", "-preset", "12", "-g", "25", "-svtav1-params", "lookahead=0"];
const OPUS = ["-c:a", "libopus"];

/** What encoders send by enhanced RTMP, by name: arguments of FFmpeg. */
export const ENHANCED_INPUTS: Readonly<Record<string, readonly string[]>> = {
  "HEVC and MP3": [...X265, "-c:a", "libmp3lame"],
  "HEVC and Opus": [...X265, ...OPUS],
  "VP9 and Opus": [...VP9, ...OPUS],
  "AV1 and AAC": [...AV1, "-c:a", "aac"],
};

/** A clip of a picture and a sound in a file, by these encoders. */
export async function encoded(
  path: string,
  seconds: number,
  encoders: readonly string[],
  sound = TONE,
): Promise<string> {
  const inputs = [PICTURE, sound].flatMap((source) => ["-f", "lavfi", "-i", source]);
  const args = ["-v", "error", ...inputs, "-t", String(seconds), "-pix_fmt", "yuv420p", ...encoders, path];
  const made = Bun.spawn(["ffmpeg", ...args], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, SVT_LOG: "0" },
  });
  if ((await made.exited) !== 0) throw new Error(`ffmpeg ${args.join(" ")} failed`);
  return path;
}

/** Sends an MP4 file's packets by enhanced RTMP as an encoder does, each when it is due; what was sent. */
export async function publishEnhanced(
  stage: Stage,
  options: ClientOptions,
  path: string,
  after: () => Promise<unknown> = () => Promise.resolve(),
): Promise<readonly Packet[]> {
  const { headers, packets } = mp4Clip(path, readFileSync(path));
  const publisher = await Client.publish(stage, options, "show");
  const began = performance.now();
  for (const { kind, time, payload } of [...headers, ...packets]) {
    const early = began + time - performance.now();
    if (early > 0) await Bun.sleep(early);
    publisher.send(kind, time, payload);
  }
  await after();
  await publisher.stopPublish("show", 1);
  return packets;
}
