import type { ViewerEndpoint } from "../../live/ports/viewer-endpoint.ts";

/** Hosts that may be written into a header; IPv6 in brackets. */
const PLAIN_HOST = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/;

/**
 * The origins of this server's pages for viewers, for a browser that reached the console by `host`. If viewers are served on all
 * addresses, their pages are at that host, too.
 */
export function previewOrigins(host: string, viewers: readonly ViewerEndpoint[]): string[] {
  return viewers.flatMap(({ scheme, host: bound, port }) => {
    const own = bound.includes(":") ? `[${bound}]` : bound;
    const name = (own || host).toLowerCase();
    return PLAIN_HOST.test(name) ? [`${scheme}://${name}:${port}`] : [];
  });
}
