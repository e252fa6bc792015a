/** A part of a segment (RFC 8216bis, 4.4.4.9). */
export interface PlaylistPart {
  /** URI reference, relative to the playlist's. */
  readonly uri: string;
  /** Whole ms. */
  readonly durationMs: number;
  /** It has a frame that can be decoded without earlier ones. */
  readonly independent: boolean;
}

/** How far another playlist of the same presentation is (RFC 8216bis, 4.4.5.4). */
export interface RenditionReport {
  /** A URI reference, relative to this playlist's. */
  readonly uri: string;
  readonly lastMsn: number;
  /** Undefined where its last segment has no parts. */
  readonly lastPart: number | undefined;
}

/** The additional contents of a low-latency playlist. RFC 8216bis. */
export interface LowLatency {
  /** Upper bound of the durations of parts, ms (4.4.3.7). */
  readonly partTargetMs: number;
  /** Number of entries at the beginning that are left out, as the player has them already (4.4.5.2). */
  readonly skipped: number;
  /** URI reference of the next part (4.4.5.3). */
  readonly hint: string | undefined;
}

/** Version of a playlist with EXT-X-SKIP (RFC 8216bis, section 8). */
export const VERSION_WITH_SKIP = 9;
/** Target durations from the end of a playlist that are never skipped, and part durations that players stay behind (4.4.3.8). */
const SKIP_TARGETS = 6;
const HOLD_BACK_PARTS = 3;

/** Entries further than this from a playlist's end may be skipped, ms (RFC 8216bis, 4.4.3.8). */
export function skipBoundaryMs(targetSeconds: number): number {
  return SKIP_TARGETS * targetSeconds * 1000;
}

/** Tags of the whole playlist. */
export function lowLatencyTags({ partTargetMs }: LowLatency, targetSeconds: number): string[] {
  const holdBack = seconds(HOLD_BACK_PARTS * partTargetMs);
  const skip = seconds(skipBoundaryMs(targetSeconds));
  return [
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${holdBack},CAN-SKIP-UNTIL=${skip}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(partTargetMs)}`,
  ];
}

/** The tag of one part, before its segment's EXTINF. */
export function partTag({ uri, durationMs, independent }: PlaylistPart): string {
  return `#EXT-X-PART:DURATION=${seconds(durationMs)},URI="${uri}"${independent ? ",INDEPENDENT=YES" : ""}`;
}

/** The tag behind the last entry of a playlist that continues; none without a hint. */
export function hintTags({ hint }: LowLatency): string[] {
  return hint === undefined ? [] : [`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"`];
}

/** The end of a playlist: a line, with its line feed, for each other playlist that players may switch to. */
export function reportLines(reports: readonly RenditionReport[]): string {
  const lines = reports.map(({ uri, lastMsn, lastPart }) => {
    const part = lastPart === undefined ? "" : `,LAST-PART=${lastPart}`;
    return `#EXT-X-RENDITION-REPORT:URI="${uri.replaceAll('"', "%22")}",LAST-MSN=${lastMsn}${part}\n`;
  });
  return lines.join("");
}

/** Whole ms as seconds with three places. */
export function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`;
}
