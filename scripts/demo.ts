// A moving test picture with a tone, published by FFmpeg for as long as it is wanted; without FFmpeg, the grey picture of `srs bench`.
import { type Child, prefixed, startChild, stopChild } from "./cluster.ts";

const frameRate = 30;
const keyFrameSeconds = 2;
const restartMs = 2000;

/** FFmpeg's arguments for publishing to `url`. Without x264, the FLV encoder of every build has to do. */
export function demoCommand(url: string, hasX264: boolean): string[] {
  const gop = String(frameRate * keyFrameSeconds);
  const video = hasX264
    ? ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]
    : ["-c:v", "flv"];
  return [
    ["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "warning"],
    ["-re", "-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=${frameRate}`],
    ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"],
    [...video, "-g", gop, "-keyint_min", gop, "-b:v", "1500k"],
    ["-c:a", "aac", "-b:a", "96k", "-af", "volume=0.2"],
    ["-f", "flv", "-flvflags", "no_duration_filesize", url],
  ].flat();
}

/** The command that publishes without FFmpeg: for ten days, and then again. */
export function benchCommand(url: string, executable: string): string[] {
  return [executable, "bench", "publish", url, "--fps", String(frameRate), "--seconds", String(10 * 86_400)];
}

/** FFmpeg's command where there is FFmpeg, else that of `executable`, the server's own program. */
function bestCommand(url: string, executable: string, say: (line: string) => void): string[] {
  if (Bun.which("ffmpeg") === null) {
    say("FFmpeg is not installed, so the picture is a grey one. For a moving one with a tone:");
    say(
      "Debian, Ubuntu: sudo apt-get install ffmpeg · Fedora: sudo dnf install ffmpeg-free · macOS: brew install ffmpeg",
    );
    return benchCommand(url, executable);
  }
  const encoders = Bun.spawnSync(["ffmpeg", "-hide_banner", "-encoders"], { stderr: "ignore" }).stdout.toString();
  return demoCommand(url, /\blibx264\b/.test(encoders));
}

/** Publishes a test picture to `url`, again whenever its program ends. Returns how to stop it, which prints nothing. */
export function startDemo(
  url: string,
  executable: string,
  print: (line: string) => void,
  encoder?: readonly string[],
): () => Promise<void> {
  const say = (line: string): void => print(prefixed("demo", line));
  const command = encoder ?? bestCommand(url, executable, say);
  let stopped = false;
  let current: Child;
  let again: Timer | undefined;
  // What an encoder says because it is stopped is no news.
  const printRunning = (line: string): void => {
    if (!stopped) print(line);
  };
  const start = (): void => {
    say(`publishing a test picture to ${url}`);
    current = startChild({ name: "demo", command }, printRunning);
    void current.ended.then((status) => {
      if (stopped) return;
      say(
        `${command[0] === executable ? "srs bench" : "FFmpeg"} ended with status ${status}; starting it again in ${restartMs / 1000} s`,
      );
      again = setTimeout(start, restartMs);
    });
  };
  start();
  return async () => {
    stopped = true;
    clearTimeout(again);
    await stopChild(current, 2000);
  };
}
