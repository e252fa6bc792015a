const RATE = 44_100;
/** Louder than what an encoder puts before a click. */
const LOUD = 6000;
/** Clicks are a second apart. */
const QUIET_MS = 500;

/** FFmpeg's source of a click each second, at full seconds from the first on. */
export const CLICKS = `aevalsrc=exprs='if(lt(mod(t\\,1)\\,0.02)\\,0.9*sin(2*PI*1000*t)\\,0)':s=${RATE}`;

/** The times (ms) at which clicks begin in a file's sound, by the times of its frames. */
export function clicksIn(path: string): number[] {
  const input = ["-v", "quiet", "-copyts", "-i", path];
  const { stdout } = Bun.spawnSync(["ffmpeg", ...input, "-map", "0:a", "-ac", "1", "-f", "s16le", "-"]);
  const samples = new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1);
  const clicks: number[] = [];
  let loudAt = Number.NEGATIVE_INFINITY;
  let at = 0;
  for (const { pts, count, rate } of audioFrames(path)) {
    for (let index = 0; index < count; index++) {
      if (Math.abs(samples[at + index] ?? 0) < LOUD) continue;
      const ms = pts + (index * 1000) / rate;
      if (ms - loudAt > QUIET_MS) clicks.push(ms);
      loudAt = ms;
    }
    at += count;
  }
  return clicks;
}

/** Decoded frames: their times in ms and their samples. */
function audioFrames(path: string): { pts: number; count: number; rate: number }[] {
  const entries = ["-show_entries", "frame=pts,nb_samples:stream=sample_rate", "-of", "json"];
  const { stdout } = Bun.spawnSync(["ffprobe", "-v", "quiet", "-select_streams", "a", ...entries, path]);
  const { frames = [], streams = [] } = JSON.parse(stdout.toString() || "{}") as {
    frames?: { pts: number; nb_samples: number }[];
    streams?: { sample_rate: string }[];
  };
  const rate = Number(streams[0]?.sample_rate);
  return frames.map(({ pts, nb_samples }) => ({ pts, count: nb_samples, rate }));
}
