/** The server's reactions to signals. */
export interface SignalHandlers {
  /** SIGHUP: reloads the configuration, or upgrades if the program's file was replaced. */
  hangUp(): void;
  /** SIGUSR1: reopens the log's file. */
  reopenLog(): void;
  /** SIGUSR2: starts the program's file in this process's place, as nginx does. */
  upgrade(): void;
  /** A signal that has no use here, and would end the process without a line in the log. */
  unused(name: string): void;
}

const unusedSignals = ["SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGXCPU", "SIGXFSZ"] as const;

/** Signals that end the server, by name, as they are received. */
export interface StopSignals {
  /** SIGTERM or SIGINT: at once. */
  readonly stop: Promise<string>;
  /** Resolves when the last connection has ended after SIGQUIT or `drainNow`. */
  readonly drain: Promise<string>;
  drainNow(why: string): void;
}

/** Handles all signals of the server. */
export function takeSignals({ hangUp, reopenLog, upgrade, unused }: SignalHandlers): StopSignals {
  const [stop, drain] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.resolve(signal));
  process.on("SIGQUIT", () => drain.resolve("SIGQUIT"));
  process.on("SIGHUP", hangUp);
  process.on("SIGUSR1", reopenLog);
  process.on("SIGUSR2", upgrade);
  for (const signal of unusedSignals) process.on(signal, () => unused(signal));
  return { stop: stop.promise, drain: drain.promise, drainNow: drain.resolve };
}
