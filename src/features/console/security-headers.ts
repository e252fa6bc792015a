import { contentPolicy } from "../../http/content-policy.ts";
import type { ViewerEndpoint } from "../../live/ports/viewer-endpoint.ts";
import { previewOrigins } from "./preview.ts";

/**
 * Headers of the console: it loads nothing from other hosts, makes no markup of texts, can't be framed, and frames only stream pages
 * of this server. `host`: that of the request.
 */
export function consoleHeaders(host: string, viewers: readonly ViewerEndpoint[]): Record<string, string> {
  const previews = previewOrigins(host, viewers);
  return {
    "content-security-policy": contentPolicy({
      "script-src": ["'self'"],
      "style-src": ["'self'"],
      "img-src": ["'self'"],
      "connect-src": ["'self'"],
      "frame-src": previews.length === 0 ? ["'none'"] : previews,
      "frame-ancestors": ["'none'"],
      "require-trusted-types-for": ["'script'"],
      "trusted-types": ["'none'"],
    }),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}
