import type { Log } from "../base/log.ts";

/** Logs bugs, which must not end the process and disconnect thousands of viewers. Returns a function that reports one. */
export function reportFaults(log: Log): (error: unknown) => void {
  const report = (error: unknown) =>
    log.error("internal error", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
  return report;
}
