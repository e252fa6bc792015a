import type { ArgsDef } from "citty";
import { UserError } from "../base/errors.ts";
import type { SyntheticShape } from "../loadgen/synthetic-source.ts";

/** Options of every `srs bench` command. */
export const runOptions = {
  count: { type: "string", alias: "n", valueHint: "N", description: "How many connections (1)" },
  seconds: { type: "string", valueHint: "S", description: "Seconds to measure once all are connected (60)" },
  rate: { type: "string", valueHint: "R", description: "Connections to start each second (500)" },
  json: { type: "boolean", description: "Print the result as one JSON object" },
} as const satisfies ArgsDef;

/** Options of the commands that publish. */
export const streamOptions = {
  kbps: { type: "string", valueHint: "K", description: "Bitrate of each stream, audio and video together (600)" },
  fps: { type: "string", valueHint: "F", description: "Video frames each second (25)" },
  gop: { type: "string", valueHint: "S", description: "Seconds from key frame to key frame (2)" },
  "audio-tracks": { type: "string", valueHint: "N", description: "Audio tracks of each stream, by enhanced RTMP (1)" },
} as const satisfies ArgsDef;

/** Publishing a file. */
export const fileOption = {
  file: { type: "string", valueHint: "FILE", description: "Publish this FLV file (its first 256 MiB) repeatedly" },
} as const satisfies ArgsDef;

/** How many players compare every byte. */
export const checkOption = {
  check: { type: "string", valueHint: "N", description: "Players whose every byte is compared, 0 for all (100)" },
} as const satisfies ArgsDef;

/** The URL that players play, if it is not the published one. */
export const playUrlOption = {
  "play-url": { type: "string", valueHint: "URL", description: "Play this URL instead: an edge's, or one of HTTP" },
} as const satisfies ArgsDef;

/** What players do when their connection is lost. */
export const reconnectOption = {
  reconnect: {
    type: "boolean",
    description: "Players that lose their connection connect again; the time without media is reported",
  },
} as const satisfies ArgsDef;

/** The variants that players of HLS play. */
export const variantOption = {
  variant: {
    type: "string",
    valueHint: "WHICH",
    description:
      "Of HLS: first, highest, lowest, all (in turn), switch (at random), auto (by throughput) or a name (first)",
  },
} as const satisfies ArgsDef;

/** The positional argument. */
export const urlArgument = { url: { type: "positional", required: false } } as const satisfies ArgsDef;

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** Reads a number from an option, or takes `initial`. Throws UserError when it is no number or out of range. */
export function numberOf(name: string, text: string | undefined, initial: number, range: Range): number {
  if (text === undefined) return initial;
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  const fits = value >= range.min && value <= range.max && (range.whole !== true || Number.isInteger(value));
  if (fits) return value;
  const kind = range.whole === true ? "a whole number" : "a number";
  throw new UserError(`${name} takes ${kind} from ${range.min} to ${range.max}, not "${text}"`);
}

/** The values of `--count`, `--seconds` and `--rate`. Throws UserError. */
export function runOf(args: {
  readonly count?: string | undefined;
  readonly seconds?: string | undefined;
  readonly rate?: string | undefined;
}): { readonly count: number; readonly seconds: number; readonly rate: number } {
  return {
    count: numberOf("-n", args.count, 1, { min: 1, max: 100_000, whole: true }),
    seconds: numberOf("--seconds", args.seconds, 60, { min: 0.1, max: 1_000_000 }),
    rate: numberOf("--rate", args.rate, 500, { min: 1, max: 10_000 }),
  };
}

/** The values of `--kbps`, `--fps`, `--gop` and `--audio-tracks`. Throws UserError. */
export function shapeOf(args: {
  readonly kbps?: string | undefined;
  readonly fps?: string | undefined;
  readonly gop?: string | undefined;
  readonly "audio-tracks"?: string | undefined;
}): SyntheticShape {
  return {
    kbps: numberOf("--kbps", args.kbps, 600, { min: 50, max: 100_000 }),
    fps: numberOf("--fps", args.fps, 25, { min: 1, max: 120 }),
    gopSeconds: numberOf("--gop", args.gop, 2, { min: 0.1, max: 60 }),
    audioTracks: numberOf("--audio-tracks", args["audio-tracks"], 1, { min: 1, max: 8, whole: true }),
  };
}
