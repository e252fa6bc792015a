/** Bitrates of the last half minute, kbit/s. */
interface Kbps {
  readonly recv_30s: number;
  readonly send_30s: number;
}

/** `GET /api/v1/session` */
export interface Session {
  readonly user: string;
  readonly role: "read" | "admin";
  readonly node: string;
  readonly version: string;
  readonly viewers: readonly { readonly scheme: "http" | "https"; readonly host: string; readonly port: number }[];
}

/** The connections of a node to or from one other server. */
export interface NodeLink {
  readonly flow: "push" | "pull" | "serve";
  readonly to: string;
  readonly running: number;
  readonly failing: number;
  readonly paused: number;
  readonly kbps: number;
  readonly lag_ms: number | null;
  readonly error: string | null;
}

/** The traffic of a node. */
interface NodeFlow {
  readonly encoders: number;
  readonly viewers: number;
  readonly kbps_in: number;
  readonly age_ms: number | null;
  readonly unhealthy: number;
  readonly links: readonly NodeLink[];
}

/** One of `GET /api/v1/nodes`; the asked server is the first. */
export interface NodeAnswer {
  readonly id: string | null;
  readonly self: boolean;
  readonly peer: string;
  readonly state: "alive" | "draining" | "dead";
  readonly version: string | null;
  readonly advertise: readonly string[];
  readonly zone: string;
  readonly connections: number;
  readonly max_connections: number;
  readonly kbps: number;
  readonly cpu: number;
  readonly streams: number;
  readonly published: number;
  readonly relayed: number;
  readonly seen_ms: number | null;
  readonly problems: readonly string[];
  /** How the asked server knows the node; empty for itself. */
  readonly heard_by: readonly ("peers" | "registry")[];
  readonly flow: NodeFlow | null;
}

/** The registry by which nodes know each other. Times are Unix ms. */
export interface RegistryAnswer {
  readonly to: string;
  readonly up: boolean;
  readonly since: number;
  readonly last_error: string | null;
  readonly refused: number;
  readonly dropped: number;
  readonly lost_claims: number;
}

/** `GET /api/v1/nodes`; the registry is null when there is none. */
export interface NodesAnswer {
  readonly nodes: readonly NodeAnswer[];
  readonly registry: RegistryAnswer | null;
}

/** One source of a stream. */
export interface SourceAnswer {
  readonly id: string;
  readonly role: "active" | "standby" | "ended";
  readonly preferred: boolean;
  readonly via: string;
  readonly ip: string;
  readonly since: number;
  readonly bytes: number;
  readonly silent_ms: number;
}

/** One of `GET /api/v1/streams`. */
export interface StreamAnswer {
  readonly id: string;
  readonly name: string;
  readonly app: string;
  readonly tcUrl: string;
  readonly url: string;
  readonly live_ms: number;
  readonly recv_bytes: number;
  readonly send_bytes: number;
  readonly video_frames: number;
  readonly kbps: Kbps;
  readonly publish: { readonly active: boolean; readonly cid: string };
  readonly video: {
    readonly codec: string;
    readonly profile: string;
    readonly width?: number;
    readonly height?: number;
  } | null;
  readonly audio: { readonly codec: string; readonly sample_rate: number; readonly channel: number } | null;
  readonly viewers: number;
  readonly since: number | null;
  readonly fps: number;
  readonly gop_ms: number;
  readonly lost_packets: number;
  readonly lag_ms: number;
  readonly age_ms: number | null;
  readonly source_switches: number;
  readonly health: readonly { readonly state: string; readonly since: number; readonly detail: string }[];
  readonly sources: readonly SourceAnswer[];
}

/** `GET /api/v1/summaries`. Shares are fractions of one. */
export interface SummaryAnswer {
  readonly data: {
    readonly self: {
      readonly version: string;
      readonly mem_kbyte: number;
      readonly mem_percent: number;
      readonly cpu_percent: number;
      /** Seconds. */
      readonly srs_uptime: number;
    };
    readonly system: { readonly cpu_percent: number; readonly cpus_online: number; readonly load_1m: number };
  };
}

/** `GET /api/v1/config`. Times are Unix ms. */
export interface ConfigAnswer {
  readonly config: {
    readonly file: string;
    readonly loaded_at: number;
    readonly reloads: number;
    readonly refused: { readonly at: number; readonly lines: readonly string[] } | null;
    readonly warnings: readonly string[];
    readonly waiting: readonly { readonly key: string; readonly reason: string }[];
    readonly toml: string;
  };
}

/** One of `GET /api/v1/bans`. */
export interface BanAnswer {
  readonly id: string;
  readonly ip: string;
  /** The key of the stream. */
  readonly stream: string;
  readonly action: "publish" | "play";
  readonly seconds: number;
}

/** One of `GET /api/v1/clients`. */
export interface ClientAnswer {
  readonly id: string;
  readonly stream: string;
  readonly ip: string;
  readonly port: number;
  readonly url: string;
  readonly type: string;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  readonly publish: boolean;
  readonly alive: number;
  readonly recv_bytes: number;
  readonly send_bytes: number;
  readonly kbps: Kbps;
  readonly format: string;
  readonly software: string;
  readonly server: boolean;
  readonly lost_packets: number;
  readonly lag_ms: number;
}

/** One of `GET /api/v1/forwards` and `upstreams`. */
export interface RelayAnswer {
  readonly id: string;
  readonly flow: "push" | "pull";
  readonly to: string;
  readonly url: string;
  readonly state: "stopped" | "connecting" | "running" | "waiting" | "paused";
  readonly failing: boolean;
  readonly since: number;
  readonly attempt: number;
  readonly next_retry: number | null;
  readonly last_error: string | null;
  readonly lag_ms: number | null;
  readonly bytes: number;
  readonly dropped: number;
}

/** One of `GET /api/v1/targets`; null stands for all. */
export interface TargetAnswer {
  readonly id: string;
  readonly target: string;
  readonly vhost: string | null;
  readonly app: string | null;
  readonly stream: string | null;
  readonly keep: boolean;
}

/** One of `GET /api/v1/origins`. */
export interface OriginAnswer {
  readonly vhost: string;
  readonly origin: string;
  readonly state: "alive" | "dead";
  readonly last_error: string | null;
  readonly retry_in_ms: number;
}

/** `GET /api/v1/limits` */
export interface LimitsAnswer {
  readonly near: readonly { readonly limit: string; readonly of: string; readonly now: number; readonly max: number }[];
  readonly refused: Readonly<Record<string, number>>;
}

/** One of `GET /api/v1/transcoders`. */
export interface TranscoderAnswer {
  readonly engines: string;
  readonly url: string;
  readonly state: string;
  readonly last_error: string | null;
}

/** One of `GET /api/v1/hooks`. */
export interface HookAnswer {
  readonly event: string;
  readonly to: string;
  readonly failing: boolean;
  readonly last_error: string | null;
  readonly waiting: number;
  readonly dropped: number;
}

/** `GET /api/v1/log`. Each process counts its lines from 1 on. */
export interface LogAnswer {
  readonly service: string;
  readonly pid: string;
  readonly lines: readonly LogLine[];
}

/** One of its lines. */
export interface LogLine {
  readonly number: number;
  readonly time: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly line: string;
}

/** One of `GET /api/v1/actions`. */
export interface ActionAnswer {
  readonly at: number;
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly input: string;
  readonly status: number;
  readonly error: string | null;
}
