import type { Secrets } from "./secrets.ts";

/** What a log line carries besides its message; `undefined` values are left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Where every layer reports to. One line per event, written for the person who operates the server. What looks like a key,
 * a token or a parameter of a URL is masked where lines are written: callers pass on what they have.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with `id` (a connection, a relay) in each of its lines, and none of `secrets` in any. */
  with(id: string, secrets?: Secrets): Log;
}

/** Says nothing; for tests and tools. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
};
