import { executable } from "./executable.ts";
import type { Program, ProgramOptions } from "./program.ts";
import type { Stage } from "./stage.ts";

/** One running server. */
export interface Srs {
  readonly program: Program;
  readonly port: number;
  /** `rtmp://127.0.0.1:PORT/` and the path. */
  url(path: string): string;
}

/** How a server is started. */
export interface SrsOptions extends ProgramOptions {
  /** 0: any free one. */
  readonly port?: number;
  readonly maxConnections?: number;
  /** The default vhost's keys, as TOML. */
  readonly vhost?: string;
  /** Further tables, as TOML. */
  readonly more?: string;
}

/** Starts a server on loopback; resolves when it listens. */
export async function startSrs(stage: Stage, name: string, options: SrsOptions = {}): Promise<Srs> {
  const { port: wanted = 0, maxConnections = 1000, vhost = "", more = "" } = options;
  const toml = `listen = "127.0.0.1:${wanted}"
max_connections = ${maxConnections}

[vhost.__defaultVhost__]
gop_cache = true
${vhost}

${more}
`;
  const env = { ...patience(toml), ...options.env };
  const program = stage.start(name, [executable(), "--conf", stage.write(`${name}.toml`, toml)], { ...options, env });
  const listening = /listening.*rtmp"?[=:]"?127\.0\.0\.1:(\d+)/;
  const port = Number(listening.exec(await program.line(listening))?.[1]);
  return { program, port, url: (path) => `rtmp://127.0.0.1:${port}/${path}` };
}

const DAY_MS = "86400000";

/**
 * The environment of a server whose publishers may be silent for as long as their test likes, unless its configuration
 * has limits of its own, or no default vhost: an encoder may be stopped until all have joined, and nobody has to go on within five seconds.
 */
export function patience(toml: string): Readonly<Record<string, string>> {
  const hasLimits = /firstpkt_timeout|normal_timeout/.test(toml);
  const hasOthersOnly = /\[vhost\./.test(toml) && !toml.includes("__defaultVhost__");
  if (hasLimits || hasOthersOnly) return {};
  return { SRS_VHOST_PUBLISH_FIRSTPKT_TIMEOUT: DAY_MS, SRS_VHOST_PUBLISH_NORMAL_TIMEOUT: DAY_MS };
}

/** TOML's `forward` with these targets. */
export function forwardTo(...targets: readonly (Srs | string)[]): string {
  const texts = targets.map((target) => (typeof target === "string" ? target : `127.0.0.1:${target.port}`));
  return `forward = ${JSON.stringify(texts)}`;
}
