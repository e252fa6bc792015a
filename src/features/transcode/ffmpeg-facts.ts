/** The facts about an installed FFmpeg. */
export interface FfmpegFacts {
  /** Its version: "5.1.9-0+deb12u1". */
  readonly version: string;
  /** Each encoder's codec, by the encoder's name: "h264" for "libx264". */
  readonly encoders: ReadonlyMap<string, { readonly kind: "video" | "audio"; readonly codec: string }>;
  /** Whether it can put key frames where the source has them (since 5.0). */
  readonly forcesSourceKeys: boolean;
}

/** The first version of FFmpeg that writes a codec into FLV; a build without a number counts as newer than all. */
const flvCodecs: Readonly<Record<string, number>> = {
  h264: 0,
  flv1: 0,
  flashsv: 0,
  flashsv2: 0,
  aac: 0,
  mp3: 0,
  speex: 0,
  nellymoser: 0,
  pcm_s16le: 0,
  pcm_u8: 0,
  adpcm_swf: 0,
  hevc: 6.1,
  av1: 6.1,
  vp9: 6.1,
  opus: 8,
  flac: 8,
  ac3: 8,
  eac3: 8,
};

/** Reads what `ffmpeg -version` and `ffmpeg -encoders` print; undefined if the program is no FFmpeg. */
export function readFacts(versionText: string, encodersText: string): FfmpegFacts | undefined {
  const version = /^ffmpeg version (\S+)/m.exec(versionText)?.[1];
  if (version === undefined) return undefined;
  const encoders: [string, { kind: "video" | "audio"; codec: string }][] = [];
  for (const line of encodersText.split("\n")) {
    const [, flag, name, rest = ""] = /^ ([VA])[A-Z.]{5} (\S+)\s+(.*)$/.exec(line) ?? [];
    if (flag === undefined || name === undefined || name === "=") continue;
    const codec = /\(codec (\S+)\)\s*$/.exec(rest)?.[1] ?? name;
    encoders.push([name, { kind: flag === "V" ? "video" : "audio", codec }]);
  }
  return { version, encoders: new Map(encoders), forcesSourceKeys: releaseOf(version) >= 5 };
}

/** Why FFmpeg can't write a codec into FLV; undefined when it can. */
export function flvProblem({ version }: FfmpegFacts, codec: string): string | undefined {
  const since = flvCodecs[codec];
  if (since === undefined) return `FLV has no ${codec}`;
  if (releaseOf(version) >= since) return undefined;
  return `FFmpeg ${version} can't write ${codec} into FLV; FFmpeg ${since} can`;
}

/** The release as a number: 5.1 for "5.1.9-0+deb12u1"; infinite for builds of a development version. */
function releaseOf(version: string): number {
  const [, major, minor = "0"] = /^n?(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return major === undefined || Number(major) > 1000 ? Number.POSITIVE_INFINITY : Number(major) + Number(minor) / 10;
}
