import {
  hintTags,
  type LowLatency,
  lowLatencyTags,
  type PlaylistPart,
  partTag,
  seconds,
  VERSION_WITH_SKIP,
} from "./low-latency.ts";

/** One entry of a media playlist: a segment, or a stretch of time without one. RFC 8216, section 4.3.2. */
export interface PlaylistEntry {
  /** The segment's URI reference, relative to the playlist's. */
  readonly uri: string;
  /** Whole ms, which EXTINF has exactly (4.3.2.1). */
  readonly durationMs: number;
  /** Programme date of its first packet, Unix ms (4.3.2.6). */
  readonly dateMs: number;
  /** The encoding or the timestamps change from the entry before (4.3.2.3). */
  readonly discontinuity: boolean;
  /** Whether it can be decoded without an earlier one. */
  readonly independent: boolean;
  /** There is nothing to load: no packets came in its time, or this server has none of them (RFC 8216bis, 4.4.4.7). */
  readonly gap: boolean;
  /** The URI reference of its init segment, if it has one (4.3.2.5). */
  readonly map: string | undefined;
  /** The URI reference of the key that encrypts it with METHOD=AES-128 (4.3.2.4); undefined for a segment in the clear. */
  readonly key?: string | undefined;
  /** Its parts, where they are listed. */
  readonly parts?: readonly PlaylistPart[];
}

/** The segment at a playlist's end of which only parts are listed. */
export type GrowingEntry = Pick<PlaylistEntry, "dateMs" | "discontinuity" | "independent" | "map" | "key"> & {
  readonly parts: readonly PlaylistPart[];
};

/** The contents of a media playlist. RFC 8216, section 4.3.3. */
export interface MediaPlaylist {
  /** Upper bound of all durations, whole seconds (4.3.3.1). */
  readonly targetSeconds: number;
  /** Number of the first entry (4.3.3.2). */
  readonly sequence: number;
  /** Number of discontinuities before the first entry, without the one that this entry may begin with (4.3.3.3). */
  readonly discontinuitySequence: number;
  /** Their numbers are consecutive. */
  readonly entries: readonly PlaylistEntry[];
  /** No more entries will come (4.3.3.4). */
  readonly ended: boolean;
  /** Undefined where segments have no parts. */
  readonly lowLatency?: LowLatency | undefined;
  /** Behind the last entry. */
  readonly growing?: GrowingEntry | undefined;
}

/** Versions: EXTINF with fractions needs 3, EXT-X-MAP 6, EXT-X-GAP 8 (RFC 8216bis, section 8). */
const VERSION = 3;
const VERSION_WITH_MAP = 6;
const VERSION_WITH_GAPS = 8;

/** A media playlist as text. RFC 8216, section 4. */
export function renderMediaPlaylist(playlist: MediaPlaylist): string {
  const { entries, targetSeconds, sequence, discontinuitySequence, ended, lowLatency, growing } = playlist;
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${versionOf(playlist)}`];
  // EXT-X-INDEPENDENT-SEGMENTS must be true of all segments (4.3.5.1).
  const isIndependent = entries.every(({ independent, gap }) => independent || gap);
  if (isIndependent && growing?.independent !== false) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  lines.push(`#EXT-X-TARGETDURATION:${targetSeconds}`);
  if (lowLatency !== undefined) lines.push(...lowLatencyTags(lowLatency, targetSeconds));
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${sequence}`);
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`);
  const { skipped = 0 } = lowLatency ?? {};
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  const before: InForce = { map: undefined, key: undefined };
  for (const entry of skipped === 0 ? entries : entries.slice(skipped)) {
    pushBeginning(lines, entry, before);
    if (entry.gap) lines.push("#EXT-X-GAP");
    lines.push(`#EXTINF:${seconds(entry.durationMs)},`, entry.uri);
  }
  if (growing !== undefined) pushBeginning(lines, growing, before);
  if (ended) lines.push("#EXT-X-ENDLIST");
  else if (lowLatency !== undefined) lines.push(...hintTags(lowLatency));
  return `${lines.join("\n")}\n`;
}

function versionOf({ entries, lowLatency }: MediaPlaylist): number {
  if (lowLatency !== undefined && lowLatency.skipped > 0) return VERSION_WITH_SKIP;
  if (entries.some(({ gap }) => gap)) return VERSION_WITH_GAPS;
  return entries.some(({ map }) => map !== undefined) ? VERSION_WITH_MAP : VERSION;
}

/** The values of the last EXT-X-MAP and EXT-X-KEY. */
interface InForce {
  map: string | undefined;
  key: string | undefined;
}

/** The tags before a segment's EXTINF. */
function pushBeginning(
  lines: string[],
  { discontinuity, map, key, gap, dateMs, parts = [] }: Partial<PlaylistEntry> & Pick<PlaylistEntry, "dateMs">,
  before: InForce,
): void {
  if (discontinuity) lines.push("#EXT-X-DISCONTINUITY");
  // EXT-X-MAP holds up to the next one; behind a discontinuity, some players need it again.
  if (map !== undefined && (map !== before.map || discontinuity)) {
    before.map = map;
    // Init segments are in the clear, but a key tag would also hold for an EXT-X-MAP behind it.
    setKey(lines, undefined, before);
    lines.push(`#EXT-X-MAP:URI="${map}"`);
  }
  if (!gap) setKey(lines, key, before);
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(dateMs).toISOString()}`);
  for (const part of parts) lines.push(partTag(part));
}

function setKey(lines: string[], next: string | undefined, before: InForce): void {
  if (next === before.key) return;
  lines.push(next === undefined ? "#EXT-X-KEY:METHOD=NONE" : `#EXT-X-KEY:METHOD=AES-128,URI="${next}"`);
  before.key = next;
}
