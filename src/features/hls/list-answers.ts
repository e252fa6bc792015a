import { joined } from "../../base/memory.ts";
import type { HttpExchange } from "../../live/ports/http.ts";
import { type RenditionReport, reportLines } from "../../media/hls/low-latency.ts";
import type { AskedList } from "./asked-list.ts";
import type { BlockedOwner, BlockedResult, ListPosition } from "./blocked-requests.ts";
import { directivesOf } from "./directives.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { RenderedPlaylist } from "./playlists.ts";

const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
/** How long a request may be blocked, target durations (RFC 8216bis, 6.2.5.2). */
const BLOCK_TARGETS = 3;
/** How long caches may keep the answer to a blocked request, target durations. */
const CACHE_TARGETS = 6;
const encoder = new TextEncoder();

/** Answers requests for media playlists; one that names a position in low-latency HLS is blocked until the list has it. */
export function sendList(exchange: HttpExchange, asked: AskedList, query: string): void {
  const { hls } = asked;
  const directives = hls.edge === undefined ? NONE : directivesOf(query);
  if (typeof directives === "string") {
    refuse(exchange, directives);
    return;
  }
  const { position, skip } = directives;
  const answer = new ListAnswer(exchange, asked, skip);
  if (position === undefined || hls.ended) answer.send(false);
  else if (hls.edge?.isTooFar(position)) refuse(exchange, `_HLS_msn=${position.msn} is too far ahead`);
  else block(exchange, hls, position, answer);
}

/** The answer to one request for a list: sent at once, or when the list has the position that the request names. */
class ListAnswer implements BlockedOwner {
  readonly #exchange: HttpExchange;
  readonly #asked: AskedList;
  readonly #skip: boolean;

  constructor(exchange: HttpExchange, asked: AskedList, skip: boolean) {
    this.#exchange = exchange;
    this.#asked = asked;
    this.#skip = skip;
  }

  /** `keeps`: the list has the position that the request names, so that caches may keep the answer longer. */
  send(keeps: boolean): void {
    const { hls, session, keyQuery } = this.#asked;
    const list = hls.playlists.media(keyQuery, session.group.name.stream, this.#skip);
    const { body, gzip, etag } = hls.ended ? list : withReports(list, this.#asked.reports());
    session.bytes += body.length;
    const { targetSeconds } = hls.window;
    const seconds = keeps ? CACHE_TARGETS * targetSeconds : Math.max(1, Math.floor(targetSeconds / 2));
    const headers = { "cache-control": `max-age=${seconds}` };
    const answer = { status: 200, type: PLAYLIST_TYPE, headers, etag, body, ...(gzip && { encodings: { gzip } }) };
    this.#exchange.respond(answer);
  }

  unblocked(result: BlockedResult): void {
    const { hls } = this.#asked;
    // While nobody publishes, players get the list as it is: an error would make them give up.
    if (result === "late" && hls.live) this.#exchange.refuse(lateRefusal);
    else this.send(result === "there" && !hls.ended);
  }
}

/** The list with rendition reports at its end: how far the other playlists are that the viewer may switch to. */
function withReports(list: RenderedPlaylist, reports: readonly RenditionReport[]): RenderedPlaylist {
  if (reports.length === 0) return list;
  const places = reports.map(({ lastMsn, lastPart }) => `${lastMsn}.${lastPart}`);
  const etag = `"${[list.etag.slice(1, -1), ...places].join("-")}"`;
  return { body: joined(list.body, encoder.encode(reportLines(reports))), gzip: undefined, etag };
}

/** Notifies the owner once the list has a position, at once if it already has, or when that takes too long; not if the client has gone. */
export function block(exchange: HttpExchange, hls: HlsStream, position: ListPosition, owner: BlockedOwner): void {
  if (hls.edge?.has(position)) {
    owner.unblocked("there");
    return;
  }
  const { blocked } = hls;
  const request = blocked.add(position, BLOCK_TARGETS * hls.window.targetSeconds * 1000, owner);
  exchange.onGone = () => blocked.remove(request);
}

const NONE = { position: undefined, skip: false };
const lateRefusal = {
  ok: false,
  rule: "unavailable",
  kind: "unavailable",
  reason: "the list does not go on; ask again",
} as const;

function refuse(exchange: HttpExchange, reason: string): void {
  exchange.respond({ status: 400, type: "text/plain; charset=utf-8", body: encoder.encode(`${reason}\n`) });
}
