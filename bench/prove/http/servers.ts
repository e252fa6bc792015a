import { join } from "node:path";
import { clip } from "../../../tests/support/e2e/clips.ts";
import { publishClip } from "../../../tests/support/e2e/ffmpeg.ts";
import type { Program } from "../../../tests/support/e2e/program.ts";
import { httpPort } from "../../../tests/support/e2e/raw-http.ts";
import { ReloadServer } from "../../../tests/support/e2e/reload/server.ts";
import type { Stage } from "../../../tests/support/e2e/stage.ts";

/** A server with HTTP and HLS. */
export interface HttpServer {
  readonly server: ReloadServer;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
}

/**
 * Starts a server with segments as the documents recommend: 2 s, with a window of 12 s. `vhost` and `hls` have further keys of the vhost
 * and of its HLS, `tables` has further tables.
 */
export async function startServer(
  stage: Stage,
  name: string,
  { vhost = "", hls = "", tables = "" } = {},
): Promise<HttpServer> {
  const toml = `[http_server]
listen = "127.0.0.1:0"
[vhost.__defaultVhost__]
${vhost}
[vhost.__defaultVhost__.hls]
enabled = true
hls_fragment = 2
hls_window = 12
${hls}
${tables}
`;
  const server = await ReloadServer.start(stage, toml, name);
  return { server, origin: `http://127.0.0.1:${await httpPort(server.program)}` };
}

/** The configuration of an edge that pulls from a server. */
export function fetchesFrom({ server }: HttpServer): string {
  return `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${server.port}"`;
}

/** Encoders of one stream have different pictures, as a restart with the same ones would be a repetition. */
const SIZES = ["320x180", "384x216", "352x198", "416x234"] as const;

/** Starts an FFmpeg that publishes a looped clip of 20 s with a GOP of 1 s to `live/NAME`; `number`: which encoder of the stream it is. */
export function startEncoder(stage: Stage, { server }: HttpServer, name: string, number: number, params = ""): Program {
  const size = SIZES[number % SIZES.length] ?? SIZES[0];
  return publishClip(stage, clip({ seconds: 20, size }), server.url(`live/${name}${params}`), {
    input: ["-stream_loop", "-1"],
    name: `encoder-${name}-${number}`,
  });
}

/** Makes a clip of 20 s with key frames at these seconds, for encoder `number` of several. */
export function clipWithKeyFrames(stage: Stage, name: string, number: number, keyFrames: readonly number[]): string {
  const path = join(stage.directory, `${name}-${number}.flv`);
  const made = Bun.spawnSync([
    ...["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", "-y"],
    ...["-f", "lavfi", "-i", `testsrc2=size=${SIZES[number % SIZES.length]}:rate=25`],
    ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "20"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "fastdecode", "-pix_fmt", "yuv420p"],
    ...["-g", "1000", "-sc_threshold", "0", "-bf", "2", "-force_key_frames", keyFrames.join(",")],
    ...["-c:a", "aac", "-b:a", "64k", "-f", "flv", "-flvflags", "no_duration_filesize", path],
  ]);
  if (made.exitCode !== 0) throw new Error(`FFmpeg made no clip:\n${made.stderr}`);
  return path;
}
