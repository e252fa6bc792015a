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

/** The part of a vhost's configuration that RTMP connections read. */
export type RtmpVhost = ValueOf<Table<typeof streamKeys & typeof rtmpVhostKeys & { publish: typeof publishTable }>> & {
  readonly limits: PublishLimits;
};

/** The limits of a vhost on publishers. */
export interface PublishLimits {
  /** 0: no limit. */
  readonly max_publish_kbps: number;
  readonly on_excess: "disconnect" | "warn";
}

/** How long a connection may be idle, ms. */
export interface IdleLimits {
  /** Before its connect request. */
  readonly handshake_timeout: number;
  /** Without publishing or playing. */
  readonly idle_timeout: number;
}

/** What all RTMP connections of a server share. Values of the configuration may change at any time. */
export interface RtmpContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: Streams;
  readonly formats: RtmpFormats;
  readonly limits: RtmpLimits;
  /** Admits clients. */
  readonly entry: Entry<RtmpVhost>;
  /** Where each connection is registered. */
  readonly clients: Clients;
  readonly refusals: Refusals;
  readonly idle: IdleLimits;
  readonly random: RandomFill;
  /** The server's description for clients. */
  readonly identity: Readonly<Record<string, AmfValue>>;
  /** Chunk size (bytes) of what is sent to clients without a vhost. */
  readonly chunkSize: number;
}
