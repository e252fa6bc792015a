import { UserError } from "../base/errors.ts";
import { Forward } from "../features/forward/forward.ts";
import { RtmpServer } from "../features/rtmp/server.ts";
import { systemClock } from "../io/clock.ts";
import { standardOutput } from "../io/line-sink.ts";
import { createLog, type RootLog } from "../io/log.ts";
import { fillRandom, openFilesProblem, randomId } from "../io/process.ts";
import { Tcp } from "../io/tcp.ts";
import { Streams } from "../live/streams.ts";
import { RtmpFormats } from "../rtmp/format.ts";
import { defaultLimits } from "../rtmp/limits.ts";
import type { Config } from "./config/index.ts";
import { startSummary } from "./summary.ts";
import { Vhosts } from "./vhosts.ts";

/** What a server is started with. */
export interface ServerOptions {
  readonly config: Config;
  /** What the log says of the configuration at the start. */
  readonly warnings: readonly string[];
  readonly confPath: string;
  /** What clients and the log are told of this build. */
  readonly version: string;
}

/** After a stop, connections have this long to take their last bytes. */
const STOP_MS = 5000;
const STOP_CHECK_MS = 20;
const LAST_LINES_MS = 1000;

/** Runs the server until it is told to stop; the exit code. Throws UserError when it cannot start. */
export async function runServer({ config, warnings, confPath, version }: ServerOptions): Promise<number> {
  const problem = openFilesProblem(config.max_connections);
  if (problem !== undefined) throw new UserError(problem);

  const clock = systemClock;
  const sink = standardOutput();
  const log = createLog(sink, config.log.level, clock.wall);
  const nodeId = randomId();
  const identity = { srs_server: `srs/${version}`, srs_version: version, srs_pid: process.pid };

  const vhosts = new Vhosts(config.vhost);
  const onFault = reportInternalErrors(log);
  const tcp = new Tcp(clock, onFault);
  const streams = new Streams(clock, onFault);
  const shared = {
    clock,
    log,
    formats: new RtmpFormats(),
    limits: defaultLimits,
    random: fillRandom,
    nodeId,
    identity,
  };
  const forward = new Forward({
    ...shared,
    dial: tcp.dial,
    chunkSize: config.chunk_size,
    randomNumber: Math.random,
    targets: (vhost) => config.vhost.get(vhost)?.forward ?? [],
    chunkSizeOf: (vhost) => config.vhost.get(vhost)?.chunk_size ?? config.chunk_size,
  });
  streams.observe(forward);
  const context = {
    ...shared,
    streams,
    chunkSize: config.chunk_size,
    findVhost: (name: string) => vhosts.find(name),
  };
  const server = new RtmpServer(context, tcp, config.max_connections);

  log.info("starting", { version, pid: process.pid, conf: confPath, node: nodeId });
  for (const warning of warnings) log.warn(warning);
  const stopped = stopSignal();
  process.on("SIGHUP", () => log.warn("SIGHUP ignored: a changed configuration needs a restart"));
  for (const address of config.listen) server.listen(address);
  const summary = startSummary(clock, log, server, forward, streams);

  log.info("stopping", { signal: await stopped });
  summary.cancel();
  server.stop();
  await settle(() => server.idle && forward.idle);
  log.info("stopped");
  // A log that nobody reads must not keep the process.
  await Promise.race([sink.flush(), new Promise((resolve) => setTimeout(resolve, LAST_LINES_MS))]);
  return 0;
}

/** Resolves with the name of the signal that ends the server. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

/** Waits until `done`, but not for ever. */
async function settle(done: () => boolean): Promise<void> {
  const until = systemClock.now() + STOP_MS;
  while (!done() && systemClock.now() < until) await new Promise((resolve) => setTimeout(resolve, STOP_CHECK_MS));
}

/** A fault of the program's own must be seen, and must not take thousands of viewers with it. Returns what reports one. */
function reportInternalErrors(log: RootLog): (error: unknown) => void {
  const report = (error: unknown) =>
    log.error("internal error", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
  return report;
}
