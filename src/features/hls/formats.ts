import { openMp4Writer } from "./mp4-writer.ts";
import type { OpenWriter } from "./segment.ts";
import { openTsWriter } from "./ts-writer.ts";

/** What segments are. */
export interface HlsFormat {
  readonly open: OpenWriter;
  /** What their names end with. */
  readonly suffix: string;
}

/** By `hls_format`. */
export type HlsFormats = Readonly<Record<"ts" | "fmp4", HlsFormat>>;

/** MPEG-TS, and fragmented MP4 with an init segment. */
export const hlsFormats: HlsFormats = {
  ts: { open: openTsWriter, suffix: ".ts" },
  fmp4: { open: openMp4Writer, suffix: ".m4s" },
};
