import { endOf, isBefore, type MediaPlaylist } from "./media-playlist.ts";

/** A server blocks a request for no longer than this, target durations (RFC 8216bis, 6.2.5.2), and players wait no longer than so long. */
const BLOCK_TARGETS = 3;
const MAX_BLOCK_MS = 60_000;
/** A playlist is loaded again after this time at the latest, ms, whatever its target duration is. */
const MAX_RELOAD_MS = 3_600_000;
/** The names of all delivery directives begin so. */
const DIRECTIVE = /^_HLS_/;

/** How a playlist is loaded again. */
export interface Reload {
  /** How long after the last request, ms. */
  readonly afterMs: number;
  /** What the request has in its query (RFC 8216bis, 6.2.5); empty: nothing. */
  readonly directives: string;
  /** How much longer than usual the answer may take, ms. */
  readonly waitMs: number;
}

/**
 * When and how a player loads a playlist again that has just come, and `before` it another one: at once, to wait for what comes
 * next, where the server blocks such requests; else after a target duration, or after half of one if it has not changed.
 */
export function reloadOf(list: MediaPlaylist, before: MediaPlaylist | undefined): Reload {
  const { targetDurationMs, blocks, lowLatency, skipUntilMs } = list;
  const changed = before === undefined || isBefore(before, list) || isBefore(list, before);
  const unhurriedMs = Math.min(targetDurationMs * (changed ? 1 : 1 / 2), MAX_RELOAD_MS);
  if (!blocks) return { afterMs: unhurriedMs, directives: "", waitMs: 0 };
  const { sequence, parts } = endOf(list);
  const part = lowLatency === undefined ? "" : `&_HLS_part=${parts}`;
  const skip = skipUntilMs > 0 ? "&_HLS_skip=YES" : "";
  return {
    // A server that does not wait, though it says so, is not asked in a circle.
    afterMs: changed ? 0 : unhurriedMs,
    directives: `_HLS_msn=${sequence}${part}${skip}`,
    waitMs: Math.min(BLOCK_TARGETS * targetDurationMs, MAX_BLOCK_MS),
  };
}

/** A playlist's URL with other directives than it had. */
export function withDirectives(url: URL, directives: string): URL {
  const kept = url.search.slice(1).split("&");
  const others = kept.filter((pair) => pair !== "" && !DIRECTIVE.test(pair));
  const search = [...others, ...(directives === "" ? [] : [directives])].join("&");
  const wanted = new URL(url.href);
  wanted.search = search;
  return wanted;
}
