import type { Logging } from "../io/logging.ts";

/** After a stop, connections have this long to take their last bytes. */
const STOP_MS = 5000;
const STOP_CHECK_MS = 20;
const LAST_LINES_MS = 1000;

/** Resolves with the name of the signal that ends the server. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

/** Waits until every connection is gone, but not for ever. */
export async function settle(done: () => boolean): Promise<void> {
  const until = performance.now() + STOP_MS;
  while (!done() && performance.now() < until) await Bun.sleep(STOP_CHECK_MS);
}

/** Waits until the log's last lines have left. A log that nobody reads must not keep the process. */
export async function lastLines(logging: Logging): Promise<void> {
  await Promise.race([logging.flush(), Bun.sleep(LAST_LINES_MS)]);
}
