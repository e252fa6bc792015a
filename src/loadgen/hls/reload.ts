import { endOf, isBefore, type MediaPlaylist } from "./media-playlist.ts";

/** Maximum time for which a server blocks a request, target durations (RFC 8216bis, 6.2.5.2), and for which a player waits, ms. */
const BLOCK_TARGETS = 3;
const MAX_BLOCK_MS = 60_000;
/** Minimum time between two requests for a playlist, ms, with blocked requests and without them, whatever the playlist says. */
const MIN_BLOCKED_MS = 10;
const MIN_RELOAD_MS = 250;
/** Maximum time between two requests for a playlist, ms, whatever its target duration is. */
const MAX_RELOAD_MS = 3_600_000;
/** Matches delivery directives in a query. */
const DIRECTIVE = /^_HLS_/;

/** When and how a playlist is reloaded. */
export interface Reload {
  /** Time since the last request, ms. */
  readonly afterMs: number;
  /** Delivery directives for the query (RFC 8216bis, 6.2.5); empty: none. */
  readonly directives: string;
  /** How much longer than usual the answer may take, ms. */
  readonly waitMs: number;
}

/**
 * When and how a player reloads `list`, which it has just received; `before` is the list that it had before. If the server blocks
 * requests, the player asks for the next segment or part at once; else after a target duration, or half of one if nothing changed.
 */
export function reloadOf(list: MediaPlaylist, before: MediaPlaylist | undefined): Reload {
  const { targetDurationMs, blocks, lowLatency, skipUntilMs } = list;
  const changed = before === undefined || isBefore(before, list) || isBefore(list, before);
  const wantedMs = targetDurationMs * (changed ? 1 : 1 / 2);
  const unhurriedMs = Math.min(Math.max(wantedMs, MIN_RELOAD_MS), MAX_RELOAD_MS);
  if (!blocks) return { afterMs: unhurriedMs, directives: "", waitMs: 0 };
  const { sequence, parts } = endOf(list);
  const part = lowLatency === undefined ? "" : `&_HLS_part=${parts}`;
  const skip = skipUntilMs > 0 ? "&_HLS_skip=YES" : "";
  return {
    // A server that promises to block but does not is not asked again at once.
    afterMs: changed ? MIN_BLOCKED_MS : unhurriedMs,
    directives: `_HLS_msn=${sequence}${part}${skip}`,
    waitMs: Math.min(BLOCK_TARGETS * targetDurationMs, MAX_BLOCK_MS),
  };
}

/** A playlist's URL with `directives` in place of those that it had. */
export function withDirectives(url: URL, directives: string): URL {
  const kept = url.search.slice(1).split("&");
  const others = kept.filter((pair) => pair !== "" && !DIRECTIVE.test(pair));
  const search = [...others, ...(directives === "" ? [] : [directives])].join("&");
  const wanted = new URL(url.href);
  wanted.search = search;
  return wanted;
}
