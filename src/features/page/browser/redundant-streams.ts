/** The parameter with the id of a viewer's session, which is valid on all servers. */
const SESSION_PARAM = "hls_ctx";
/** The parameter that names the variant of a link. */
const VARIANT_PARAM = "hls_variant";

/**
 * Adds each variant's address on other servers to a multivariant playlist (RFC 8216, 4.3.4.2). When a server fails, hls.js continues
 * there and keeps its buffer, as servers with the same origin list the same segments. A playlist that names other servers itself,
 * or has no session that they could continue, stays as it is. `others`: the playlist's addresses on those servers.
 */
export function withRedundantStreams(playlist: string, url: string, others: readonly string[]): string {
  if (/^#EXT-X-CONTENT-STEERING:/m.test(playlist)) return playlist;
  return playlist.replace(/^(#EXT-X-STREAM-INF:.*)\r?\n([^#\r\n].*)/gm, (variant: string, tag: string, uri: string) => {
    const { searchParams } = new URL(uri, url);
    const session = searchParams.get(SESSION_PARAM);
    if (session === null) return variant;
    const which = searchParams.get(VARIANT_PARAM);
    const params = `${SESSION_PARAM}=${session}${which === null ? "" : `&${VARIANT_PARAM}=${which}`}`;
    const elsewhere = others.map((other) => `${tag}\n${other}${other.includes("?") ? "&" : "?"}${params}`);
    return [variant, ...elsewhere].join("\n");
  });
}
