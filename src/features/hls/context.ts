import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { StreamConfig } from "../../live/config.ts";
import type { Clients } from "../../live/ports/clients.ts";
import type { Pathways } from "../../live/ports/director.ts";
import type { Entry } from "../../live/ports/entry.ts";
import type { StreamSegment } from "../../live/ports/segments.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { Ladder } from "../../live/source/ladder.ts";
import type { StreamName, Streams } from "../../live/streams.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsFormats } from "./formats.ts";

/** What HLS needs to know of a vhost's configuration. */
export type HlsVhost = Omit<StreamConfig, "grace" | "switch_after"> & {
  readonly enabled: boolean;
  readonly hls: HlsConfig;
  readonly publish: Pick<StreamConfig, "grace" | "switch_after">;
};

/** Writes files whole: under another name first. Calls are carried out in their order. */
export interface FileStore {
  /** Rejects with the reason in words. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** One that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Names of the files in a folder; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
}

/** What HLS needs from outside. */
export interface HlsContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: Streams;
  readonly entry: () => Entry<HlsVhost>;
  readonly clients: () => Clients;
  readonly formats: HlsFormats;
  readonly files: FileStore;
  /** The configuration of the vhost with this name. */
  configOf(vhost: string): HlsVhost | undefined;
  /** The ladder that this server makes and that the stream belongs to, if any. */
  ladderOf(name: StreamName): Ladder | undefined;
  /** How long other servers are searched for a stream that this server does not have, ms; 0: no search. */
  searchMs(name: StreamName, demand: Demand): number;
  /** Servers that have the same HLS of a stream, for a viewer at an address; undefined when there are none. */
  pathways(
    name: StreamName,
    address: string,
    request: Pick<HttpRequest, "secure">,
  ): Pathways | undefined | Promise<Pathways | undefined>;
  gzip(bytes: Uint8Array): Uint8Array;
  /** The secret that the servers of a cluster share, from which keys are derived; "" where there is none. */
  keySecret(): string;
  /** `bytes` random bytes, in hexadecimal. */
  randomHex(bytes: number): string;
  /** A segment can be requested now; its file, if any, is written. */
  segmentReady(segment: StreamSegment): void;
}
