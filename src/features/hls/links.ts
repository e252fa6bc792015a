import type { RenditionReport } from "../../media/hls/low-latency.ts";
import { PART_PARAM, SESSION_PARAM, VARIANT_PARAM } from "./address.ts";
import { listsOf } from "./choices.ts";
import type { HlsGroup } from "./group.ts";
import type { HlsStream } from "./hls-stream.ts";

/** What the link to a variant, or to a part of it, has behind the question mark. */
export type QueryOf = (suffix: string, part: string | undefined) => string;

/**
 * What the links of a viewer's playlists have behind the question mark: their own parameters, the session, and which variant and which
 * part of it they are for.
 */
export function linkQuery(
  query: string,
  token: string | undefined,
  variant: string | undefined,
  part: string | undefined,
): string {
  const session = token === undefined ? "" : `${SESSION_PARAM}=${token}`;
  const of = variant === undefined ? "" : `${VARIANT_PARAM}=${variant}`;
  const partParam = part === undefined ? "" : `${PART_PARAM}=${part}`;
  return [query, session, of, partParam].filter((text) => text !== "").join("&");
}

/** How far the other playlists are that the multivariant playlist names, by its links (RFC 8216bis, 4.4.5.4). `own` is `main`, or a part of it. */
export function reportsOf(group: HlsGroup, main: HlsStream, own: HlsStream, queryOf: QueryOf): RenditionReport[] {
  const isAlone = !group.hasVariants && main.renditions.size === 0;
  if (isAlone || own.edge === undefined) return [];
  const name = encodeURIComponent(group.name.stream);
  return group.playable.flatMap(({ suffix, hls: member }) =>
    listsOf(member).flatMap((hls) => {
      const { msn, part } = (hls !== own && hls.edge?.last) || {};
      if (msn === undefined) return [];
      return [{ uri: `${name}.m3u8?${queryOf(suffix, hls.rendition?.id)}`, lastMsn: msn, lastPart: part }];
    }),
  );
}
