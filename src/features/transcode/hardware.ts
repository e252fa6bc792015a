import type { EngineConfig } from "./config.ts";

/** A hardware API; the names of its encoders end in its name. */
interface Api {
  /** Its preset for each of x264's; undefined: it has no presets. */
  readonly presets: Readonly<Record<string, string>> | undefined;
  /** Options that its encoders need so that -force_key_frames begins a new GOP. */
  readonly keyFrames: readonly string[];
  /** Filters that turn frames into its own kind. */
  readonly upload: string;
}

const same = (...names: string[]) => Object.fromEntries(names.map((name) => [name, name]));

const apis: Readonly<Record<string, Api>> = {
  nvenc: {
    presets: {
      ultrafast: "p1",
      superfast: "p1",
      veryfast: "p2",
      faster: "p3",
      fast: "p3",
      medium: "p4",
      slow: "p5",
      slower: "p6",
      veryslow: "p7",
    },
    keyFrames: ["-forced-idr", "1"],
    upload: "",
  },
  qsv: {
    presets: {
      ultrafast: "veryfast",
      superfast: "veryfast",
      ...same("veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
    },
    keyFrames: ["-forced_idr", "1"],
    upload: "format=nv12",
  },
  vaapi: { presets: undefined, keyFrames: [], upload: "format=nv12,hwupload" },
};

const software: Readonly<Record<string, string>> = { h264: "libx264", hevc: "libx265", av1: "libsvtav1" };

/** The hardware API of an encoder such as h264_nvenc; undefined for other encoders. */
export function hardwareApi(encoder: string): Api | undefined {
  return apis[encoder.slice(encoder.lastIndexOf("_") + 1)];
}

/** An engine's software encoder in place of a hardware encoder whose device is missing; undefined when it has none. */
export function softwareEncoder({ vcodec, fallback }: EngineConfig): string | undefined {
  if (hardwareApi(vcodec) === undefined || fallback === "none") return undefined;
  return fallback === "auto" ? software[vcodec.slice(0, vcodec.lastIndexOf("_"))] : fallback || undefined;
}

/** The preset as an encoder names it; undefined if the encoder gets none. */
export function presetFor(encoder: string, preset: string): string | undefined {
  const api = hardwareApi(encoder);
  if (preset === "" || api === undefined) return preset || undefined;
  return api.presets === undefined ? undefined : (api.presets[preset] ?? preset);
}

/** The profile as an encoder names it: VAAPI's baseline is the constrained one. */
export function profileFor(encoder: string, profile: string): string {
  return encoder === "h264_vaapi" && profile === "baseline" ? "constrained_baseline" : profile;
}

/** Options before the input that an encoder needs. */
export function deviceArguments(encoder: string, device: string): readonly string[] {
  return encoder.endsWith("_vaapi") ? ["-init_hw_device", `vaapi=va:${device}`, "-filter_hw_device", "va"] : [];
}
