import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { DateHeader } from "../../http/http-date.ts";
import { httpLimits } from "../../http/limits.ts";
import type { Clients } from "../../live/ports/clients.ts";
import type { ServerStage } from "../../live/ports/connection-servers.ts";
import type { ConnectionAccount } from "../../live/ports/connections.ts";
import type { HttpRoute } from "../../live/ports/http.ts";
import type { Refusals } from "../../live/ports/refusals.ts";

/** Pages of all hosts may read all answers: for viewers. */
const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
} as const;

/** What a server for viewers does: all pages may read it, and nothing has a body. */
export const forViewers = { protocol: "http", headers: corsHeaders, maxBodyBytes: 0 } as const;

/** What a server for administration does: no page of another host may read it. */
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
  /** Knows how many requests an address may make, and how many connections are ending. */
  readonly account: Pick<ConnectionAccount, "countRequest" | "crowded">;
  /** Asked for each request in this order. */
  readonly routes: readonly HttpRoute[];
  /** The protocol of the listeners' endpoints that it answers on. */
  readonly protocol: "http" | "api";
  /** Headers that all answers have: what pages of other hosts may do with them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes that a request's body may have; with 0, only requests without one are taken. */
  readonly maxBodyBytes: number;
  /** Of the Server header: the program and its version. */
  readonly software: string;
  readonly dates: DateHeader;
  /** A port where RTMP is spoken without TLS, by the configuration in effect; undefined when there is none. */
  rtmpPort(): number | undefined;
  stage(): ServerStage;
}
