import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { LogTail } from "../../io/log/log-tail.ts";
import type { SystemLoad } from "../../io/os/system-load.ts";
import type { Clients } from "../../live/ports/clients.ts";
import type { FeatureCommands } from "../../live/ports/commands.ts";
import type { ServerStage } from "../../live/ports/connection-servers.ts";
import type { DirectorAnswer, DirectorQuestion } from "../../live/ports/director.ts";
import type { Nodes } from "../../live/ports/nodes.ts";
import type { Refusals } from "../../live/ports/refusals.ts";
import type { Report } from "../../live/ports/report.ts";
import type { ViewerEndpoint } from "../../live/ports/viewer-endpoint.ts";
import type { Streams } from "../../live/streams.ts";
import type { ApiConfig } from "./config.ts";
import type { Role } from "./operation.ts";

/** A user of the API, with the password that the configuration or its file has. */
export interface ApiUser {
  readonly password: string;
  readonly role: Role;
}

/** A vhost as the configuration in effect has it. */
export interface VhostState {
  readonly name: string;
  readonly enabled: boolean;
  /** The length of segments, seconds. */
  readonly hls: { readonly enabled: boolean; readonly fragment: number };
}

/** How far a limit is used. */
export interface LimitState {
  /** Its key in the configuration, or what it bounds. */
  readonly limit: string;
  /** What has it; "" for the server. */
  readonly of: string;
  readonly now: number;
  readonly max: number;
}

/** Which configuration is in effect. */
export interface ConfigState {
  /** The file; "" when only variables make the configuration. */
  readonly file: string;
  /** When it was loaded, Unix ms. */
  readonly loadedAt: number;
  /** Reloads that took effect. */
  readonly reloads: number;
  /** When the last reload was refused, and why; undefined after one that was not. */
  readonly refused: { readonly at: number; readonly lines: readonly string[] } | undefined;
}

/** What the API reports, and does. */
export interface ApiContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: Streams;
  readonly clients: Clients;
  readonly refusals: Refusals;
  readonly nodes: Nodes;
  readonly logTail: Pick<LogTail, "after">;
  /** Where this server's viewers are served. */
  viewerEndpoints(): readonly ViewerEndpoint[];
  /** Where a client is to watch or publish. */
  director(question: DirectorQuestion): DirectorAnswer | Promise<DirectorAnswer>;
  /** The program's, as in `1.2.3`. */
  readonly version: string;
  /** This process's id in hop traces. */
  readonly nodeId: string;
  readonly process: { readonly pid: number; readonly ppid: number; readonly argv: string; readonly cwd: string };
  systemLoad(): SystemLoad;
  /** By the configuration in effect, as is all below. */
  config(): ApiConfig;
  users(): ReadonlyMap<string, ApiUser>;
  vhosts(): Iterable<VhostState>;
  maxConnections(): number;
  /** Connections that have not hung up. */
  connections(): number;
  /** Of vhosts and streams. */
  limitUses(): Iterable<LimitState>;
  report(): Required<Report>;
  commands(): readonly FeatureCommands[];
  stage(): ServerStage;
  configState(): ConfigState;
  /** As TOML with the source of each value, without secrets. */
  effectiveConfig(): string;
  reload(): { readonly ok: boolean; readonly lines: readonly string[] };
}
