import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { DateHeader } from "../../http/http-date.ts";
import { httpLimits } from "../../http/limits.ts";
import type { Clients } from "../../live/ports/clients.ts";
import type { ServerStage } from "../../live/ports/connection-servers.ts";
import type { ConnectionAccount } from "../../live/ports/connections.ts";
import type { HttpRoute } from "../../live/ports/http.ts";
import type { Refusals } from "../../live/ports/refusals.ts";

/** CORS headers for viewers: pages of all hosts may read all answers. */
const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
} as const;

/** Options of a server for viewers: pages of all hosts may read its answers, and it takes no request bodies. */
export const forViewers = { protocol: "http", headers: corsHeaders, maxBodyBytes: 0 } as const;

/** Options of a server for administration: no page of another host may read its answers. */
export const forOperators = {
  protocol: "api",
  headers: { "cache-control": "no-store" },
  maxBodyBytes: httpLimits.bodyBytes,
} as const;

/** What all HTTP connections of a server share. */
export interface HttpContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Where each connection is registered. */
  readonly clients: Clients;
  readonly refusals: Refusals;
  /** Limits requests by address, and tells when too many connections wait to be closed. */
  readonly account: Pick<ConnectionAccount, "countRequest" | "crowded">;
  /** Asked for each request, in this order. */
  readonly routes: readonly HttpRoute[];
  /** The protocol of the endpoints that the server listens on. */
  readonly protocol: "http" | "api";
  /** Headers that all answers have, such as those of CORS. */
  readonly headers: Readonly<Record<string, string>>;
  /** Maximum size of a request's body, bytes; 0: requests have no body. */
  readonly maxBodyBytes: number;
  /** The value of the Server header: the program and its version. */
  readonly software: string;
  readonly dates: DateHeader;
  /** A port for RTMP without TLS, by the configuration in effect; undefined if there is none. */
  rtmpPort(): number | undefined;
  stage(): ServerStage;
}
