/** The parts of the API's answers that the terminal reads: see `/api/v1/openapi.json`. */

/** The server itself. */
export interface NodeAnswer {
  readonly node: {
    readonly id: string;
    readonly version: string;
    readonly stage: string;
    readonly uptime: number;
    readonly connections: number;
    readonly publishers: number;
    readonly players: number;
    readonly streams: number;
    readonly forwards_failing: number;
    readonly origins_dead: number;
  };
}

/** One stream. */
export interface StreamAnswer {
  readonly id: string;
  readonly name: string;
  readonly app: string;
  readonly url: string;
  readonly viewers: number;
  readonly since: number | null;
  readonly fps: number;
  readonly gop_ms: number;
  readonly lost_packets: number;
  readonly age_ms: number | null;
  readonly kbps: { readonly recv_30s: number; readonly send_30s: number };
  readonly publish: { readonly active: boolean; readonly cid: string };
  readonly video: { readonly codec: string; readonly width: number; readonly height: number } | null;
  readonly audio: { readonly codec: string } | null;
  readonly health: readonly { readonly state: string; readonly since: number; readonly detail: string }[];
  readonly sources: readonly {
    readonly id: string;
    readonly role: string;
    readonly ip: string;
    readonly via: string;
    readonly silent_ms: number;
  }[];
}

/** One client. */
export interface ClientAnswer {
  readonly id: string;
  readonly ip: string;
  readonly url: string;
  readonly type: string;
  readonly format: string;
  readonly alive: number;
  readonly kbps: { readonly recv_30s: number; readonly send_30s: number };
  readonly lost_packets: number;
  readonly lag_ms: number;
}

/** A connection to another server. */
export interface RelayAnswer {
  readonly id: string;
  readonly to: string;
  readonly url: string;
  readonly state: string;
  readonly failing: boolean;
  readonly failing_since: number | null;
  readonly attempt: number;
  readonly next_retry: number | null;
  readonly last_error: string | null;
  /** Null for an upstream. */
  readonly lag_ms: number | null;
  readonly dropped: number;
}

/** An FFmpeg process. */
export interface TranscoderAnswer {
  readonly url: string;
  readonly engines: string;
  readonly state: string;
  readonly failing: boolean;
  readonly failing_since: number | null;
  readonly pid: number | null;
  readonly lag_ms: number;
  readonly restarts: number;
  readonly next_retry: number | null;
  readonly last_error: string | null;
}

/** An origin. */
export interface OriginAnswer {
  readonly vhost: string;
  readonly origin: string;
  readonly state: string;
  readonly last_error: string | null;
}

/** A node of the cluster. */
export interface ClusterNodeAnswer {
  readonly id: string | null;
  readonly self: boolean;
  readonly peer: string;
  readonly state: string;
  readonly zone: string;
  readonly weight: number;
  readonly advertise: readonly string[];
  readonly connections: number;
  readonly max_connections: number;
  readonly kbps: number;
  readonly cpu: number;
  readonly published: number;
  readonly relayed: number;
  readonly seen_ms: number | null;
  readonly problems: readonly string[];
  /** `peers`, `registry`: the sources from which the server knows of it; none for itself. */
  readonly heard_by: readonly string[];
}

/** The registry by which nodes know each other. */
export interface RegistryAnswer {
  readonly to: string;
  readonly up: boolean;
  readonly since: number;
  readonly last_error: string | null;
  readonly commands: number;
  readonly refused: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly lost_claims: number;
}

/** The nodes of a cluster, and their registry. */
export interface ClusterAnswer {
  readonly nodes: readonly ClusterNodeAnswer[];
  /** Null without one. */
  readonly registry: RegistryAnswer | null;
}

/** A target that was added while the server runs. */
export interface TargetAnswer {
  readonly id: string;
  readonly target: string;
  readonly vhost: string | null;
  readonly app: string | null;
  readonly stream: string | null;
  readonly keep: boolean;
}

/** Limits and refusals. */
export interface LimitsAnswer {
  /** Limits that are nearly used up; `of` is `""` for the server's own. */
  readonly near: readonly { readonly limit: string; readonly of: string; readonly now: number; readonly max: number }[];
  readonly refused: Readonly<Record<string, number>>;
}

/** The configuration in effect. */
export interface ConfigAnswer {
  readonly config: {
    readonly file: string;
    readonly loaded_at: number;
    readonly reloads: number;
    readonly refused: { readonly at: number; readonly lines: readonly string[] } | null;
  };
}
