import type { AmfValue } from "../../amf/value.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Table, ValueOf } from "../../config/table.ts";
import type { streamKeys } from "../../live/config.ts";
import type { Clients } from "../../live/ports/clients.ts";
import type { Entry } from "../../live/ports/entry.ts";
import type { Refusals } from "../../live/ports/refusals.ts";
import type { Streams } from "../../live/streams.ts";
import type { RtmpFormats } from "../../rtmp/format.ts";
import type { RandomFill } from "../../rtmp/handshake-digest.ts";
import type { RtmpLimits } from "../../rtmp/limits.ts";
import type { publishTable, rtmpVhostKeys } from "./config.ts";

/** What RTMP connections need to know of a vhost's configuration. */
export type RtmpVhost = ValueOf<Table<typeof streamKeys & typeof rtmpVhostKeys & { publish: typeof publishTable }>> & {
  readonly limits: PublishLimits;
};

/** What of a vhost's limits concerns those who publish. */
export interface PublishLimits {
  /** 0: no limit. */
  readonly max_publish_kbps: number;
  readonly on_excess: "disconnect" | "warn";
}

/** How long a connection may do nothing, ms. */
export interface IdleLimits {
  /** Before it has said connect. */
  readonly handshake_timeout: number;
  /** Without publishing or playing. */
  readonly idle_timeout: number;
}

/** What all RTMP connections of a server share. What comes from the configuration may change at any time. */
export interface RtmpContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: Streams;
  readonly formats: RtmpFormats;
  readonly limits: RtmpLimits;
  /** Lets clients in. */
  readonly entry: Entry<RtmpVhost>;
  /** Where each connection is registered. */
  readonly clients: Clients;
  readonly refusals: Refusals;
  readonly idle: IdleLimits;
  readonly random: RandomFill;
  /** What clients are told of the server. */
  readonly identity: Readonly<Record<string, AmfValue>>;
  /** Outgoing chunk size where no vhost says otherwise, bytes. */
  readonly chunkSize: number;
}
