import type { Log } from "../base/log.ts";
import type { StopSignals } from "./signals.ts";

/** After a stop, connections may send their last bytes for this long. */
const STOP_MS = 5000;
const CHECK_MS = 20;
const LAST_LINES_MS = 1000;

/** The server accepts no more clients: waits until the last connection has ended, `timeoutS` have passed, or a signal stops it. */
export async function drain(idle: () => boolean, timeoutS: number, { stop }: StopSignals, log: Log): Promise<void> {
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
export function settle(done: () => boolean): Promise<void> {
  return until(done, STOP_MS);
}

/** Waits until the log's last lines are written. A log without a reader must not keep the process alive. */
export async function lastLines(sink: { flush(): Promise<void> }): Promise<void> {
  await Promise.race([sink.flush(), Bun.sleep(LAST_LINES_MS)]);
}

async function until(done: () => boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!done() && performance.now() < end) await Bun.sleep(CHECK_MS);
}
