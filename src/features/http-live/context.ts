import type { Clock } from "../../base/clock.ts";
import type { ValueOf } from "../../config/table.ts";
import type { streamConfig } from "../../live/config.ts";
import type { Entry } from "../../live/ports/entry.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { StreamName, Streams } from "../../live/streams.ts";
import type { httpRemuxTable } from "./config.ts";

/** The part of a vhost's configuration for viewers over HTTP. */
export type HttpLiveVhost = Parameters<typeof streamConfig>[0] & {
  readonly enabled: boolean;
  readonly http_remux: ValueOf<typeof httpRemuxTable>;
};

/** What HttpLive needs from the server. */
export interface HttpLiveContext {
  readonly clock: Clock;
  readonly streams: Streams;
  /** Admits viewers. */
  entry(): Entry<HttpLiveVhost>;
  /** How long a missing stream is searched for on other servers, ms; 0: not at all. */
  searchMs(name: StreamName, demand: Demand): number;
}
