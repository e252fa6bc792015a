import type { Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Features } from "./features.ts";
import type { LiveConfig } from "./live-config.ts";
import type { Service } from "./service.ts";
import type { StopSignals } from "./signals.ts";

/** After a stop, connections may send their last bytes for this long. */
const STOP_MS = 5000;
const CHECK_MS = 20;
const LAST_LINES_MS = 1000;

/** The parts of a running server that end with it. */
export interface RunningServer
  extends Pick<Features, "all" | "siblings" | "listening" | "connections" | "cluster" | "registry"> {
  readonly log: Log;
  readonly logging: { flush(): Promise<void> };
  readonly live: LiveConfig;
  readonly service: Service;
  readonly signals: StopSignals;
  /** Parts that stop at the first signal. */
  readonly helpers: readonly { stop(): void }[];
  /** Runs until the features stop. */
  readonly summary: Timer;
}

/** Waits for a signal, then ends the server. SIGQUIT and an upgrade let clients leave first, for `drain_timeout`. */
export async function runUntilStopped(server: RunningServer): Promise<void> {
  const { log, live, service, signals, summary, all, siblings, listening, connections, cluster, registry } = server;
  const signal = await Promise.race([signals.stop, signals.drain]);
  live.close();
  for (const helper of server.helpers) helper.stop();
  if (signal === "SIGQUIT" || signal === "upgrade") {
    const { drain_timeout } = live.current;
    const { now } = all.report();
    log.info("draining: accepts no new connections", { signal, connections: now.connections, drain_timeout });
    service.status("draining");
    listening.stop();
    connections.drain();
    // The new process has the same id, and speaks for this one.
    if (signal === "upgrade") {
      cluster.stop();
      registry.handOver();
    } else {
      cluster.drain();
      registry.drain();
    }
    await drain(() => connections.idle && siblings.carried, drain_timeout, signals, log);
  }
  log.info("stopping", { signal });
  service.stopping();
  summary.cancel();
  // Publishers may come to this node's other process, or to other nodes: servers that have their streams wait for them.
  const continues = siblings.sibling !== undefined || live.current.cluster.registry.length > 0;
  all.stop(continues ? "lost" : "unpublished");
  await settle(() => all.idle);
  all.close();
  log.info("stopped");
  await lastLines(server.logging);
}

/** The server accepts no more clients: waits until it has nothing more to do for any, `timeoutS` have passed, or a signal stops it. */
async function drain(idle: () => boolean, timeoutS: number, { stop }: StopSignals, log: Log): Promise<void> {
  let signal: string | undefined;
  void stop.then((name) => {
    signal = name;
  });
  await until(() => idle() || signal !== undefined, timeoutS * 1000);
  if (signal !== undefined) log.info("drain cut short", { signal });
  else if (idle()) log.info("drained: the last connection has left");
  else log.warn("drain_timeout is over; the connections that are left are closed", { drain_timeout: timeoutS });
}

/** Waits until every connection is closed, within a time limit. */
function settle(done: () => boolean): Promise<void> {
  return until(done, STOP_MS);
}

/** Waits until the log's last lines are written. A log without a reader must not keep the process alive. */
async function lastLines(sink: { flush(): Promise<void> }): Promise<void> {
  await Promise.race([sink.flush(), Bun.sleep(LAST_LINES_MS)]);
}

async function until(done: () => boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!done() && performance.now() < end) await Bun.sleep(CHECK_MS);
}
