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

/** A user of the API, with the password from the configuration or from its file. */
export interface ApiUser {
  readonly password: string;
  readonly role: Role;
}

/** A vhost of the configuration in effect. */
export interface VhostState {
  readonly name: string;
  readonly enabled: boolean;
  /** The length of segments, seconds. */
  readonly hls: { readonly enabled: boolean; readonly fragment: number };
}

/** The use of a limit. */
export interface LimitState {
  /** The limit's key in the configuration, or the name of what it bounds. */
  readonly limit: string;
  /** The vhost or stream that has the limit; "" for the server. */
  readonly of: string;
  readonly now: number;
  readonly max: number;
}

/** The configuration in effect, and its reloads. */
export interface ConfigState {
  /** The file's whole path; "-" for standard input, "" when only variables make the configuration. */
  readonly file: string;
  /** When it was loaded, Unix ms. */
  readonly loadedAt: number;
  /** Reloads that took effect. */
  readonly reloads: number;
  /** When the last reload was refused, and why; undefined if it was not. */
  readonly refused: { readonly at: number; readonly lines: readonly string[] } | undefined;
  /** Warnings about the file, one line each. */
  readonly warnings: readonly string[];
  /** Keys whose new value in the file waits for a restart, and why. */
  readonly waiting: readonly { readonly key: string; readonly reason: string }[];
}

/** What the API needs from outside, for its reports and actions. */
export interface ApiContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: Streams;
  readonly clients: Clients;
  readonly refusals: Refusals;
  readonly nodes: Nodes;
  readonly logTail: Pick<LogTail, "after">;
  /** The addresses at which this server serves viewers. */
  viewerEndpoints(): readonly ViewerEndpoint[];
  /** The node where a client is to play or publish. */
  director(question: DirectorQuestion): DirectorAnswer | Promise<DirectorAnswer>;
  /** The program's version, such as `1.2.3`. */
  readonly version: string;
  /** This process's id in hop traces. */
  readonly nodeId: string;
  readonly process: { readonly pid: number; readonly ppid: number; readonly argv: string; readonly cwd: string };
  systemLoad(): SystemLoad;
  /** The API's part of the configuration in effect, as for all members below. */
  config(): ApiConfig;
  users(): ReadonlyMap<string, ApiUser>;
  vhosts(): Iterable<VhostState>;
  maxConnections(): number;
  /** Number of connections whose peer has not hung up. */
  connections(): number;
  /** Uses of the limits of vhosts and streams. */
  limitUses(): Iterable<LimitState>;
  report(): Required<Report>;
  commands(): readonly FeatureCommands[];
  stage(): ServerStage;
  configState(): ConfigState;
  /** The configuration as TOML with the source of each value, without secrets; all keys, or those that differ from their defaults. */
  effectiveConfig(changesOnly?: boolean): string;
  reload(): { readonly ok: boolean; readonly lines: readonly string[] };
}
