import type { HlsConfig } from "./config.ts";
import { openMp4Parts, openMp4Writer } from "./mp4-writer.ts";
import type { PartsConfig } from "./parted-segments.ts";
import type { OpenParts, OpenWriter } from "./segment.ts";
import { openTsWriter } from "./ts-writer.ts";

/** A format of segments. */
export interface HlsFormat {
  readonly open: OpenWriter;
  /** Begins segments that are made of parts; undefined where the format has none. */
  readonly parts?: OpenParts;
  /** The ending of segments' names, with the dot. */
  readonly suffix: string;
}

/** The formats by `hls_format`. */
export type HlsFormats = Readonly<Record<"ts" | "fmp4", HlsFormat>>;

/** MPEG-TS, and fragmented MP4 with an init segment. */
export const hlsFormats: HlsFormats = {
  ts: { open: openTsWriter, suffix: ".ts" },
  fmp4: { open: openMp4Writer, parts: openMp4Parts, suffix: ".m4s" },
};

/** The length and the writer of a stream's parts; undefined where its segments have none. */
export function partsOf(
  { parts }: HlsFormat,
  { hls_low_latency, hls_part }: Pick<HlsConfig, "hls_low_latency" | "hls_part">,
): PartsConfig | undefined {
  return hls_low_latency && parts !== undefined ? { ms: hls_part, open: parts } : undefined;
}
