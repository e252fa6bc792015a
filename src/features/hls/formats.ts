import type { HlsConfig } from "./config.ts";
import { openMp4Parts, openMp4Writer } from "./mp4-writer.ts";
import type { PartsConfig } from "./parted-segments.ts";
import type { OpenParts, OpenWriter } from "./segment.ts";
import { openTsWriter } from "./ts-writer.ts";

/** What segments are. */
export interface HlsFormat {
  readonly open: OpenWriter;
  /** In parts, where that is possible. */
  readonly parts?: OpenParts;
  /** What their names end with. */
  readonly suffix: string;
}

/** By `hls_format`. */
export type HlsFormats = Readonly<Record<"ts" | "fmp4", HlsFormat>>;

/** MPEG-TS, and fragmented MP4 with an init segment. */
export const hlsFormats: HlsFormats = {
  ts: { open: openTsWriter, suffix: ".ts" },
  fmp4: { open: openMp4Writer, parts: openMp4Parts, suffix: ".m4s" },
};

/** How a stream's segments are made of parts; undefined where they are not. */
export function partsOf(
  { parts }: HlsFormat,
  { hls_low_latency, hls_part }: Pick<HlsConfig, "hls_low_latency" | "hls_part">,
): PartsConfig | undefined {
  return hls_low_latency && parts !== undefined ? { ms: hls_part, open: parts } : undefined;
}
