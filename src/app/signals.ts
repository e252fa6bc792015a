/** What a signal asks of the server while it runs. */
export interface SignalHandlers {
  /** SIGHUP: takes the changed configuration, or starts the program's new file in this one's place. */
  hangUp(): void;
  /** SIGUSR1: opens the log's file anew. */
  reopenLog(): void;
}

/** What ends the server: the names of the signals, once they come. */
export interface StopSignals {
  /** SIGTERM or SIGINT: at once. */
  readonly stop: Promise<string>;
  /** When the last connection has left: SIGQUIT, or `drainNow`. */
  readonly drain: Promise<string>;
  drainNow(why: string): void;
}

/** Takes all signals that the server obeys. */
export function takeSignals({ hangUp, reopenLog }: SignalHandlers): StopSignals {
  const [stop, drain] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.resolve(signal));
  process.on("SIGQUIT", () => drain.resolve("SIGQUIT"));
  process.on("SIGHUP", hangUp);
  process.on("SIGUSR1", reopenLog);
  return { stop: stop.promise, drain: drain.promise, drainNow: drain.resolve };
}
