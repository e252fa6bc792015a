import type { Secrets } from "./secrets.ts";

/** What a log line carries besides its message; `undefined` values are left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The log of every layer: one line for each event, written for the operator. The log masks keys, tokens and URL parameters when
 * it writes a line, so callers pass texts as they are.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with `id` (a connection, a relay) in each of its lines; `secrets` are masked in all of them. */
  with(id: string, secrets?: Secrets): Log;
}

/** Discards all lines; for tests and tools. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
};
