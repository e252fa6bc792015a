import { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { median } from "../../growth.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { BOTH, SOUND, startEngines } from "./engines.ts";

/** Duration of the recordings at the beginning and at the end, s. */
const LOOK_SECONDS = 14;
/** The interval at which a flash and a beep begin together, and their duration. */
const PERIOD_SECONDS = 2;
const MARK_SECONDS = 0.2;
const LIMIT_MS = 20;
/** Minimum number of marks in a recording for a result. */
const LEAST_MARKS = 5;
/** A picture that is brighter is a flash; a sound that is louder (dB) is a beep. */
const BRIGHT = 128;
const LOUD_DB = -30;

/** Flashes and beeps of one encoder stay together in the engines' outputs, at the beginning and at the end. */
export async function staysInStep({ minutes, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const server = await startEngines(stage, { both: BOTH, sound: SOUND });
  const when = `lt(mod(t,${PERIOD_SECONDS}),${MARK_SECONDS})`;
  const picture = `color=black:size=320x180:rate=25,drawbox=color=white:t=fill:enable='${when}'`;
  const sound = `aevalsrc='if(${when},0.5*sin(6283*t),0)':s=44100`;
  stage.start("encoder", [
    ...["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", picture, "-re", "-f", "lavfi", "-i", sound],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "25"],
    ...["-c:a", "aac", "-b:a", "64k", "-f", "flv", server.url("live/show")],
  ]);
  await until("both engines run", () => server.program.count(/transcode running/) >= 2);
  const streams = { source: "live/show", both: "out/both_show", sound: "out/sound_show" };
  const offsets = async (time: string) => {
    const list = Object.entries(streams).map(async ([name, path]) => {
      const file = `${folder}/in-step-${name}-${time}.flv`;
      const to = ["-t", String(LOOK_SECONDS), "-c", "copy", "-y", file];
      await stage.start(`record-${name}`, ["ffmpeg", "-v", "error", "-i", server.url(path), ...to]).ended();
      return [name, await offsetIn(stage, file)] as const;
    });
    return new Map(await Promise.all(list));
  };
  const first = await offsets("first");
  await Bun.sleep(Math.max(1, minutes * 60 - 2 * LOOK_SECONDS) * 1000);
  const last = await offsets("last");
  return ["both", "sound"].map((name) => {
    const [begin, end] = [first, last].map(
      (looks) => (looks.get(name) ?? Number.NaN) - (looks.get("source") ?? Number.NaN),
    );
    const ok = Math.abs(begin ?? Number.NaN) <= LIMIT_MS && Math.abs(end ?? Number.NaN) <= LIMIT_MS;
    const seen = `sound is ${begin?.toFixed(1)} ms behind where the source has it, after ${minutes} min ${end?.toFixed(1)} ms`;
    return { what: name, ok, seen };
  });
}

/** How far beeps are behind flashes in a file, ms. */
async function offsetIn(stage: Stage, file: string): Promise<number> {
  const level = "lavfi.astats.Overall.RMS_level";
  const loudness = `aresample=8000,asetnsamples=8,astats=metadata=1:reset=1,ametadata=print:key=${level}:file=-`;
  const flashes = await marks(stage, file, "v", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", BRIGHT);
  const beeps = await marks(stage, file, "a", loudness, LOUD_DB);
  const apart = flashes.flatMap((flash) => {
    const beep = beeps.find((time) => Math.abs(time - flash) < (PERIOD_SECONDS * 1000) / 2);
    return beep === undefined ? [] : [beep - flash];
  });
  return apart.length < LEAST_MARKS ? Number.NaN : median(apart);
}

/** When the marks of a track begin, ms. */
async function marks(stage: Stage, file: string, kind: "v" | "a", filter: string, limit: number): Promise<number[]> {
  const args = [
    "-v",
    "error",
    "-copyts",
    "-i",
    file,
    `-filter:${kind}`,
    filter,
    "-map",
    `0:${kind}`,
    "-f",
    "null",
    "-",
  ];
  const program = stage.start("marks", ["ffmpeg", ...args]);
  await program.ended();
  return begins(program.lines, limit);
}

/** When a value exceeds a limit that it did not exceed before, ms, by the lines of FFmpeg's metadata filters. */
function begins(lines: readonly string[], limit: number): number[] {
  const found: number[] = [];
  let [time, isAbove] = [0, true];
  for (const line of lines) {
    time = Number(/pts_time:([-\d.]+)/.exec(line)?.[1] ?? time);
    const value = /^lavfi\.\S+=(\S+)/.exec(line)?.[1];
    if (value === undefined) continue;
    const above = Number(value.replace("-inf", "-999")) > limit;
    if (above && !isAbove) found.push(time * 1000);
    isAbove = above;
  }
  return found;
}
