import type { ViewerEndpoint } from "../../live/ports/viewer-endpoint.ts";

/** What a host may be to stand in a header; IPv6 in brackets. */
const PLAIN_HOST = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/;

/**
 * The origins of this server's pages for viewers, as a browser reaches them that has the console by this host. Where viewers are
 * served on every address, that host is one of them.
 */
export function previewOrigins(host: string, viewers: readonly ViewerEndpoint[]): string[] {
  return viewers.flatMap(({ scheme, host: bound, port }) => {
    const own = bound.includes(":") ? `[${bound}]` : bound;
    const name = (own || host).toLowerCase();
    return PLAIN_HOST.test(name) ? [`${scheme}://${name}:${port}`] : [];
  });
}
