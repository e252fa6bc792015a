import { UserError } from "../../base/errors.ts";
import { integer, type Key, list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { named, table, type ValueOf } from "../../config/table.ts";
import { targetServer } from "../../relay/target.ts";
import { parseCodec } from "./codecs.ts";
import { type Output, outputIdentity, parseOutput, shownOutput } from "./output.ts";
import { parsePattern } from "./pattern.ts";

/** The value of a key that leaves the decision to FFmpeg. */
const UNSET = 0;
const COPY = "copy";
const VAAPI_DEVICE = "/dev/dri/renderD128";

/** `[transcode]` */
export const transcodeTable = table("FFmpeg, which the engines of all vhosts run.", {
  ffmpeg: text({
    default: "ffmpeg",
    type: "a program's name or path",
    doc: "The FFmpeg that engines run unless they name another; a name is looked up in PATH.",
    reload: "live",
    example: "/usr/local/bin/ffmpeg",
  }),
  max_processes: integer({
    default: 100,
    unit: "processes",
    min: 1,
    max: 10_000,
    doc: "Maximum number of FFmpeg processes that run at a time; others wait.",
    reload: "live",
  }),
  max_cpu: integer({
    default: 0,
    unit: "% of one core",
    min: 0,
    max: 100_000,
    doc: "Processor time that all FFmpeg processes together may take, 250 is two and a half cores; 0 is no limit. It needs a delegated control group.",
    reload: "live",
  }),
  nice: integer({
    default: 5,
    unit: "",
    min: 0,
    max: 19,
    doc: "By how much the priority of FFmpeg is lower than the server's; 19 is the most.",
    reload: "live",
  }),
});

/** `[vhost.NAME.transcode.NAME]` */
const engineTable = table(
  "An engine: FFmpeg makes another stream of each stream of the vhost. Several engines of a stream share one decoder.",
  {
    streams: list<string>({
      default: ["*"],
      type: `"app/stream", with * for any text, or a list of these`,
      doc: "Streams that the engine takes.",
      example: ["live/*"],
      reload: "live",
      parse: (value) => withText(value, 'a pattern such as "live/*"', parsePattern),
      toToml: (pattern) => pattern,
      identity: (pattern) => pattern,
    }),
    vcodec: text({
      default: COPY,
      type: `an encoder of FFmpeg's, "copy" or "none"`,
      doc: 'Video: "copy" passes it on unchanged, beside FFmpeg; "none" leaves it out.',
      example: "libx264",
      reload: "live",
      problem: encoderProblem,
    }),
    vbitrate: number("Bitrate of the video; 0 leaves it to FFmpeg.", "kbit/s", 1_000_000),
    vfps: number("Frame rate of the video; 0 keeps that of the source.", "frames a second", 1000),
    width: number("Width of the picture; 0 keeps that of the source, or follows from the height.", "pixels", 16_384),
    height: number("Height of the picture; 0 keeps that of the source, or follows from the width.", "pixels", 16_384),
    vthreads: number("Threads of the video encoder; 0 leaves it to FFmpeg.", "threads", 1024),
    vprofile: text({
      default: "",
      type: "a profile",
      doc: "Profile of the video: high, main, baseline.",
      example: "main",
      reload: "live",
      problem: wordProblem,
    }),
    vpreset: text({
      default: "",
      type: "a preset",
      doc: "Preset of the video encoder, from ultrafast to veryslow; hardware encoders get their nearest.",
      example: "veryfast",
      reload: "live",
      problem: wordProblem,
    }),
    vfilter: text({
      default: "",
      type: "filters as FFmpeg's -vf takes them",
      doc: "Filters of the video, before it is scaled to width and height.",
      example: "yadif",
      reload: "live",
    }),
    inputs: list<string>({
      default: [],
      type: "the path of a file, or a list of these",
      doc: "Further inputs that filter_complex takes, a picture for example: the first is [1:v].",
      example: ["logo.png"],
      reload: "live",
      parse: (value) => withText(value, "the path of a file", (path) => path),
      toToml: (path) => path,
      resource: (path) => ({ kind: "file", path, use: "read" }),
      identity: () => undefined,
    }),
    filter_complex: text({
      default: "",
      type: "a filter graph as FFmpeg's -filter_complex takes it, with one video output without a label",
      doc: "Filters of the video with several inputs; [0:v] is the stream's video. Without a label, its output is the engine's video.",
      example: "[0:v][1:v]overlay=10:10",
      reload: "live",
    }),
    vparams: params("Further options of the video encoder.", ["tune zerolatency", "bf 0"]),
    acodec: text({
      default: COPY,
      type: `an encoder of FFmpeg's, "copy" or "none"`,
      doc: 'Audio: "copy" passes it on unchanged, beside FFmpeg; "none" leaves it out.',
      example: "aac",
      reload: "live",
      problem: encoderProblem,
    }),
    abitrate: number("Bitrate of the audio; 0 leaves it to FFmpeg.", "kbit/s", 10_000),
    asample_rate: number("Sample rate of the audio; 0 keeps that of the source.", "Hz", 192_000),
    achannels: number("Channels of the audio; 0 keeps those of the source.", "channels", 64),
    aparams: params("Further options of the audio encoder.", ["af volume=0.5"]),
    perfile: params("Options of FFmpeg before its input.", ["threads 2"]),
    only_if_video: codecs("Encode only video in these codecs; other video passes on unchanged. Empty means any."),
    only_if_audio: codecs("The same for audio."),
    output: outputs(),
    ffmpeg: text({
      default: "",
      type: "a program's name or path",
      doc: "The FFmpeg that this engine runs; empty means the one of the transcode table.",
      example: "/usr/local/bin/ffmpeg",
      reload: "live",
    }),
    hw_device: text({
      default: VAAPI_DEVICE,
      type: "the path of a device",
      doc: "The device that encoders named _vaapi use.",
      reload: "live",
    }),
    fallback: text({
      default: "auto",
      type: `an encoder of FFmpeg's, "auto" or "none"`,
      doc: 'Software encoder in place of a hardware encoder whose device is missing; "auto" is libx264 for H.264.',
      example: "libopenh264",
      reload: "live",
      problem: encoderProblem,
    }),
  },
);

/** The engines of a vhost by name. */
export const enginesTable = named({ table: engineTable, implied: undefined, nameProblem });

/** The table that all engines share, complete. */
export type TranscodeConfig = ValueOf<typeof transcodeTable>;

/** An engine's table, complete. */
export type EngineConfig = ValueOf<typeof engineTable>;

/** The outputs of a vhost's engines, as resources: `srs check --probe` examines the servers among them. */
function outputs(): Key<readonly Output[]> {
  const key = list<Output>({
    default: [],
    type: `"vhost/app/stream" with the placeholders [vhost] [app] [stream] [engine], or an rtmp:// or rtmps:// URL`,
    doc: "Where the result goes: a stream of this server, or another server.",
    example: "live.example.com/[app]/[stream]",
    reload: "live",
    parse: readOutput,
    toToml: (output) => output.text,
    toShown: shownOutput,
    identity: outputIdentity,
  });
  return {
    ...key,
    resource: (items) =>
      items.flatMap((output) =>
        output.kind === "server" ? [{ kind: "peer", flow: "to", ...targetServer(output.target) }] : [],
      ),
  };
}

function number(doc: string, unit: string, max: number) {
  return integer({ default: UNSET, unit, min: 0, max, doc, reload: "live" });
}

function params(doc: string, example: readonly string[]) {
  return list<string>({
    default: [],
    type: `an option of FFmpeg's without its dash, "name value" or "name=value", or a list of these`,
    doc,
    example,
    reload: "live",
    parse: (value) => withText(value, `an option such as "tune zerolatency"`, (option) => option.trim()),
    toToml: (option) => option,
    identity: () => undefined,
  });
}

function codecs(doc: string) {
  return list<string>({
    default: [],
    type: `a codec, "hevc", or a list of these`,
    doc,
    reload: "live",
    parse: (value) => withText(value, `a codec such as "hevc"`, parseCodec),
    toToml: (codec) => codec,
    identity: (codec) => codec,
  });
}

function readOutput(value: unknown): Output {
  return withText(value, `a stream such as "live.example.com/[app]/[stream]"`, parseOutput);
}

/** Parses a text that must not be empty; errors quote the text. */
function withText<T>(value: unknown, what: string, parse: (text: string) => T): T {
  if (typeof value !== "string" || value.trim() === "") throw new UserError(`must be ${what}, not ${show(value)}`);
  try {
    return parse(value);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${show(value)}: ${error.message}`, { cause: error }) : error;
  }
}

function encoderProblem(name: string): string | undefined {
  return /^[a-z0-9_]+$/.test(name) ? undefined : `must be an encoder such as "libx264", not ${show(name)}`;
}

function wordProblem(word: string): string | undefined {
  return /^[\w.-]+$/.test(word) ? undefined : `must be one word, not ${show(word)}`;
}

function nameProblem(name: string): string | undefined {
  return /^[\w.-]{1,64}$/.test(name) ? undefined : "an engine's name has letters, digits, and _ . - only";
}
