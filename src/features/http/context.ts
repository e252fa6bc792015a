import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { DateHeader } from "../../http/http-date.ts";
import type { Clients } from "../../live/ports/clients.ts";
import type { ServerStage } from "../../live/ports/connection-servers.ts";
import type { ConnectionAccount } from "../../live/ports/connections.ts";
import type { HttpRoute } from "../../live/ports/http.ts";
import type { Refusals } from "../../live/ports/refusals.ts";

/** What all HTTP connections of a server share. */
export interface HttpContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Where each connection is registered. */
  readonly clients: Clients;
  readonly refusals: Refusals;
  /** Knows how many requests an address may make. */
  readonly account: Pick<ConnectionAccount, "countRequest">;
  /** Asked for each request in this order. */
  readonly routes: readonly HttpRoute[];
  /** Of the Server header: the program and its version. */
  readonly software: string;
  readonly dates: DateHeader;
  /** A port where RTMP is spoken without TLS, by the configuration in effect; undefined when there is none. */
  rtmpPort(): number | undefined;
  stage(): ServerStage;
}
