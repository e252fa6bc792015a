import type { AmfValue } from "../../amf/value.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Network } from "../../base/network.ts";
import type { Table, ValueOf } from "../../config/table.ts";
import type { Certificates } from "../../io/tls/certificates.ts";
import type { streamKeys } from "../../live/config.ts";
import type { CountingGuard, Guard } from "../../live/ports/access.ts";
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

/** Keeps count of who connects from where. */
export interface ConnectionLimits {
  /** Counts a connection from an address until `release`, or says which limit is against it, and why. */
  acquire(host: string): { readonly kind: string; readonly reason: string } | undefined;
  release(host: string): void;
}

/** How long a connection may do nothing, ms. */
export interface IdleLimits {
  /** Before it has said connect. */
  readonly handshake_timeout: number;
  /** Without publishing or playing. */
  readonly idle_timeout: number;
}

/** A vhost that a client's name led to; `name` is the configured one. */
export interface FoundVhost {
  readonly name: string;
  readonly config: RtmpVhost;
}

/** Who keeps count of connections. */
export interface ConnectionEnds {
  /** The client has hung up; what it did here may end later. */
  hungUp(): void;
  /** The connection is over. */
  gone(): void;
}

/** What all RTMP connections of a server share. What comes from the configuration may change at any time. */
export interface RtmpContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: Streams;
  readonly formats: RtmpFormats;
  readonly limits: RtmpLimits;
  /** Asked, in this order, before a client publishes or plays. */
  readonly guards: readonly Guard[];
  /** Those of them that are asked last, when nobody takes time any more. */
  readonly countingGuards: readonly CountingGuard[];
  readonly refusals: Refusals;
  readonly connectionLimiter: ConnectionLimits;
  readonly idle: IdleLimits;
  readonly random: RandomFill;
  /** This process's id in hop traces: unlike any other server's. */
  readonly nodeId: string;
  /** What clients are told of the server. */
  readonly identity: Readonly<Record<string, AmfValue>>;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** What clients of RTMPS are shown. */
  readonly certificates: Certificates;
  /** Proxies that may name the client for whom they connect. */
  readonly trustedProxies: readonly Network[];
  /** Outgoing chunk size where no vhost says otherwise, bytes. */
  readonly chunkSize: number;
  /** The vhost that serves a name: its own, or the default one; undefined when there is neither. */
  findVhost(name: string): FoundVhost | undefined;
  /** The vhost that is configured under exactly this name. */
  vhostNamed(name: string): FoundVhost | undefined;
}
