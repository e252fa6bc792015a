import { joined } from "../../base/memory.ts";
import type { HttpExchange } from "../../live/ports/http.ts";
import { type RenditionReport, reportLines } from "../../media/hls/low-latency.ts";
import type { BlockedResult, ListPosition } from "./blocked-requests.ts";
import { directivesOf } from "./directives.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { RenderedPlaylist } from "./playlists.ts";
import type { Session } from "./sessions.ts";

const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
/** How long a request may be blocked, target durations (RFC 8216bis, 6.2.5.2). */
const BLOCK_TARGETS = 3;
/** How long what a blocked request gets may be kept, target durations. */
const CACHE_TARGETS = 6;
const encoder = new TextEncoder();

/** What a request for a media playlist says. */
export interface ListQuery {
  /** The query with its delivery directives. */
  readonly directives: string;
  /** What links in the list have behind the question mark. */
  readonly links: string;
  /** How far the variants are that players may go on with, as of now. */
  reports(): readonly RenditionReport[];
}

/** Answers requests for media playlists, those of low-latency HLS when what they ask for is there. */
export class ListAnswers {
  send(exchange: HttpExchange, hls: HlsStream, session: Session, query: ListQuery): void {
    const directives = hls.edge === undefined ? NONE : directivesOf(query.directives);
    if (typeof directives === "string") {
      refuse(exchange, directives);
      return;
    }
    const { position, skip } = directives;
    const answer = (keeps: boolean) => {
      const list = hls.playlists.media(query.links, session.group.name.stream, skip);
      const { body, gzip, etag } = hls.ended ? list : withReports(list, query.reports());
      session.bytes += body.length;
      const { targetSeconds } = hls.window;
      const seconds = keeps ? CACHE_TARGETS * targetSeconds : Math.max(1, Math.floor(targetSeconds / 2));
      const headers = { "cache-control": `max-age=${seconds}` };
      exchange.respond({ status: 200, type: PLAYLIST_TYPE, headers, etag, body, ...(gzip && { encodings: { gzip } }) });
    };
    if (position === undefined || hls.ended) answer(false);
    else this.#answerWith(exchange, hls, position, answer);
  }

  /** `answer` is told whether what the position asks for does not change. */
  #answerWith(exchange: HttpExchange, hls: HlsStream, position: ListPosition, answer: (keeps: boolean) => void): void {
    if (hls.edge?.isTooFar(position)) {
      refuse(exchange, `_HLS_msn=${position.msn} is too far ahead`);
      return;
    }
    block(exchange, hls, position, (result) => {
      // While nobody publishes, players wait: an error would make them give up.
      const isLate = result === "late" && hls.live;
      if (isLate) exchange.refuse(lateRefusal);
      else answer(result === "there" && !hls.ended);
    });
  }
}

/** A list with what stands at its end of the others that the viewer may go on with. */
function withReports(list: RenderedPlaylist, reports: readonly RenditionReport[]): RenderedPlaylist {
  if (reports.length === 0) return list;
  const places = reports.map(({ lastMsn, lastPart }) => `${lastMsn}.${lastPart}`);
  const etag = `"${[list.etag.slice(1, -1), ...places].join("-")}"`;
  return { body: joined(list.body, encoder.encode(reportLines(reports))), gzip: undefined, etag };
}

/** Calls `notify` when the list has a position: at once if it does already. */
export function block(
  exchange: HttpExchange,
  hls: HlsStream,
  position: ListPosition,
  notify: (result: BlockedResult) => void,
): void {
  if (hls.edge?.has(position)) {
    notify("there");
    return;
  }
  const blocked = hls.blocked.add(position, BLOCK_TARGETS * hls.window.targetSeconds * 1000, (result) => {
    exchange.onGone = undefined;
    if (!exchange.gone) notify(result);
  });
  exchange.onGone = () => blocked.cancel();
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
