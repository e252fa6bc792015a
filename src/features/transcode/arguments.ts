import type { EngineConfig } from "./config.ts";
import type { FfmpegFacts } from "./ffmpeg-facts.ts";
import { deviceArguments, hardwareApi, presetFor, profileFor } from "./hardware.ts";

/** FFmpeg's time at the start of a run, ms: encoders put their first packets before their first frame. */
export const RUN_START_MS = 10_000;

/** The duration of input that FFmpeg analyses before it begins, µs: short, as live input comes in real time. */
const ANALYZE_US = "500000";

/** One encoded track that FFmpeg writes to a pipe of its own. */
export interface EncodedTrack {
  readonly kind: "video" | "audio";
  readonly engine: EngineConfig;
  /** The encoder's name. */
  readonly encoder: string;
}

/** A run of FFmpeg: its input and its tracks. */
export interface RunPlan {
  readonly ffmpeg: string;
  readonly container: "flv" | "mp4";
  /** Channels of the source's audio, if FFmpeg does not know them. */
  readonly channels?: number | undefined;
  readonly tracks: readonly EncodedTrack[];
}

/** The file descriptor of the pipe to which FFmpeg writes a track. */
function pipeOf(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/**
 * The command of a run. `startsAt` are FFmpeg's times (ms) at which the tracks begin: earlier frames are decoded, and not encoded.
 * Each track's first frame is then at `RUN_START_MS` of its output.
 */
export function runCommand(plan: RunPlan, startsAt: readonly number[], facts?: FfmpegFacts): readonly string[] {
  const input = ["-analyzeduration", ANALYZE_US, "-copyts", "-f", plan.container, "-i", "pipe:0"];
  return command(plan, facts, input, (index) => [
    "-ss",
    seconds(startsAt[index] ?? RUN_START_MS),
    "-output_ts_offset",
    seconds(RUN_START_MS),
    ...flvTo(`pipe:${pipeOf(index)}`),
  ]);
}

/** The command that tries a run on a test picture and tone for a moment, and drops the result. */
export function trialCommand(plan: RunPlan, facts?: FfmpegFacts): readonly string[] {
  const graph = "color=size=320x180:rate=25:duration=0.2[out0];anullsrc=sample_rate=44100,atrim=duration=0.2[out1]";
  const input = ["-f", "lavfi", "-i", graph];
  return command(plan, facts, input, () => ["-t", "0.2", "-y", ...flvTo("/dev/null")]);
}

function command(
  { ffmpeg, tracks, channels }: RunPlan,
  facts: FfmpegFacts | undefined,
  input: readonly string[],
  output: (index: number) => readonly string[],
): readonly string[] {
  const [first] = tracks;
  const devices = new Map(
    tracks.map(({ encoder, engine }) => [deviceArguments(encoder, engine.hw_device).join(" "), { encoder, engine }]),
  );
  return [
    ffmpeg,
    ...["-hide_banner", "-nostats", "-nostdin", "-loglevel", "warning"],
    ...[...devices.values()].flatMap(({ encoder, engine }) => deviceArguments(encoder, engine.hw_device)),
    ...optionArguments(first?.engine.perfile ?? []),
    ...input,
    ...(first?.engine.inputs ?? []).flatMap((path) => ["-i", path]),
    ...tracks.flatMap((track, index) => [...trackArguments(track, index, facts, channels), ...output(index)]),
  ];
}

function flvTo(output: string): readonly string[] {
  return ["-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", output];
}

/** The arguments that make one track; tracks with the same arguments are equal, except for their index. */
export function trackArguments(
  track: EncodedTrack,
  index: number,
  facts?: FfmpegFacts,
  channels?: number,
): readonly string[] {
  return track.kind === "video" ? videoArguments(track, index, facts) : audioArguments(track, channels);
}

function videoArguments({ engine, encoder }: EncodedTrack, index: number, facts: FfmpegFacts | undefined): string[] {
  const { vbitrate, vfps, width, height, vthreads, vprofile, vpreset, vparams } = engine;
  const api = hardwareApi(encoder);
  const preset = presetFor(encoder, vpreset);
  const args = [...filterArguments(engine, encoder, index), "-c:v", encoder];
  if (vbitrate > 0) args.push("-b:v", `${vbitrate}k`);
  if (vfps > 0) args.push("-r", String(vfps));
  // Frames keep their times to the millisecond; with `vfps`, the encoder counts frames instead.
  else if (/^libx26[45]$/.test(encoder)) args.push("-enc_time_base", "1:1000");
  if (scalesBehind(engine, encoder)) args.push("-s", `${width}x${height}`, "-aspect", `${width}:${height}`);
  if (vthreads > 0) args.push("-threads", String(vthreads));
  if (vprofile !== "") args.push("-profile:v", profileFor(encoder, vprofile));
  if (preset !== undefined) args.push("-preset", preset);
  // All streams of a ladder have their key frames where the source has them.
  if (!vparams.some(setsKeyFrames) && (facts?.forcesSourceKeys ?? true))
    args.push("-force_key_frames", "source", ...(api?.keyFrames ?? []));
  return [...args, ...optionArguments(vparams)];
}

function filterArguments(
  { width, height, vfilter, filter_complex }: EngineConfig,
  encoder: string,
  index: number,
): string[] {
  const behind = scalesBehind({ width, height }, encoder);
  const filters = [vfilter, behind ? "" : scaleFilter(width, height), hardwareApi(encoder)?.upload]
    .filter(Boolean)
    .join(",");
  if (filter_complex === "") return ["-map", "0:v:0", ...(filters === "" ? [] : ["-vf", filters])];
  const label = `[video${index}]`;
  const graph = [filter_complex, filters].filter(Boolean).join(",");
  return ["-filter_complex", `${graph}${label}`, "-map", label];
}

/** Whether FFmpeg scales by -s, as in SRS. A hardware encoder that takes only frames of its own kind gets them scaled by a filter. */
function scalesBehind({ width, height }: Pick<EngineConfig, "width" | "height">, encoder: string): boolean {
  return width > 0 && height > 0 && !hardwareApi(encoder)?.upload;
}

/** Whether an option decides where key frames are. */
function setsKeyFrames(option: string): boolean {
  return /^(?:g|force_key_frames)(?::v)?$/.test(splitOption(option)[0]);
}

function scaleFilter(width: number, height: number): string {
  return width === 0 && height === 0 ? "" : `scale=${width || -2}:${height || -2}`;
}

function audioArguments({ engine, encoder }: EncodedTrack, sourceChannels = 0): string[] {
  const { abitrate, asample_rate, aparams } = engine;
  const channels = engine.achannels || sourceChannels;
  const args = ["-map", "0:a:0", "-c:a", encoder];
  if (abitrate > 0) args.push("-b:a", `${abitrate}k`);
  if (asample_rate > 0) args.push("-ar", String(asample_rate));
  if (channels > 0) args.push("-ac", String(channels));
  return [...args, ...optionArguments(aparams)];
}

/** Options written as "name value", "name=value" or "name", with or without a dash. */
function optionArguments(options: readonly string[]): string[] {
  return options.flatMap((option) => {
    const [name = "", value] = splitOption(option);
    return value === undefined ? [`-${name}`] : [`-${name}`, value];
  });
}

function splitOption(option: string): readonly [string, ...string[]] {
  const [, name = "", value = ""] = /^-?([^\s=]+)[\s=]*(.*)$/s.exec(option) ?? [];
  return value === "" ? [name] : [name, value];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
