import type { StreamName } from "../streams.ts";

/** An HLS segment that viewers may request. */
export interface StreamSegment {
  readonly stream: StreamName;
  readonly number: number;
  readonly durationMs: number;
  /** Paths of its file and of its playlist's; undefined when there are no files. */
  readonly files: { readonly segment: string; readonly playlist: string } | undefined;
  /** Where it and its playlist are: paths without a first slash, or URLs. */
  readonly url: string;
  readonly playlistUrl: string;
}

/** Observes HLS: hooks. */
export interface SegmentObserver {
  /** The segment is listed and, if it has a file, written. */
  segmentReady(segment: StreamSegment): void;
}
