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
  /** A vhost's configuration by its name there. */
  configOf(vhost: string): HlsVhost | undefined;
  /** The ladder that a stream is of, where this server makes one. */
  ladderOf(name: StreamName): Ladder | undefined;
  /** For how long other servers are searched for a stream that is not here, ms; 0: none are. */
  searchMs(name: StreamName, demand: Demand): number;
  /** Servers that have the same HLS of a stream, for a viewer at an address; undefined when there are none. */
  pathways(
    name: StreamName,
    address: string,
    request: Pick<HttpRequest, "secure">,
  ): Pathways | undefined | Promise<Pathways | undefined>;
  gzip(bytes: Uint8Array): Uint8Array;
  /** The secret that the servers of a cluster share, of which keys are made; "" where there is none. */
  keySecret(): string;
  /** So many random bytes in hexadecimal. */
  randomHex(bytes: number): string;
  /** A segment may be requested; one with a file is written. */
  segmentReady(segment: StreamSegment): void;
}
