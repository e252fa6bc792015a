/** The parameter that names a viewer's session. It stands for the same viewer on all servers. */
const SESSION_PARAM = "hls_ctx";
/** The parameter that says which variant a link is for. */
const VARIANT_PARAM = "hls_variant";

/**
 * A multivariant playlist (RFC 8216, 4.3.4.2) with each variant at other servers, too. hls.js goes on there when a server fails, and
 * keeps what is buffered: servers that are fed by one origin list the same segments. A playlist that names other servers itself,
 * or has no session that they could go on with, stays as it is. `others`: the playlist's addresses there.
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
