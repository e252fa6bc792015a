import type { Log, LogFields } from "../base/log.ts";
import { maskFields, maskMessage } from "../base/log-mask.ts";
import { noSecrets, type Secrets } from "../base/secrets.ts";
import type { LineSink } from "./line-sink.ts";

/** From the most talkative level to the quietest. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** How important a line is. */
export type LogLevel = (typeof logLevels)[number];

/** Writes an event as one line, without its line feed. `id` is empty where there is none. */
export type LineFormat = (time: Date, level: LogLevel, id: string, message: string, fields: LogFields) => string;

/** What can be changed of a log while it is in use. */
export interface LogSetup {
  /** Lower levels are left out. */
  readonly level: LogLevel;
  readonly format: LineFormat;
  /** What no line shows, besides what looks like a secret. */
  readonly secrets: Secrets;
}

/** The log of a process: one line for each event, to one sink. */
export interface RootLog extends Log {
  /** Changes this log and every log made from it. */
  configure(setup: LogSetup): void;
}

/** A log whose lines go to `sink`; `wall` gives the milliseconds since 1970 that a line carries. It masks every line. */
export function createLog(sink: LineSink, setup: LogSetup, wall: () => number): RootLog {
  const shared = { ...setup, lowest: logLevels.indexOf(setup.level) };
  return {
    ...branch("", noSecrets),
    configure(changed) {
      Object.assign(shared, changed, { lowest: logLevels.indexOf(changed.level) });
    },
  };

  function branch(id: string, own: Secrets): Log {
    return {
      debug: writer("debug", id, own),
      info: writer("info", id, own),
      warn: writer("warn", id, own),
      error: writer("error", id, own),
      with: (id, secrets = own) => branch(id, secrets),
    };
  }

  function writer(level: LogLevel, id: string, own: Secrets): (message: string, fields?: LogFields) => void {
    const rank = logLevels.indexOf(level);
    return (message, fields = {}) => {
      if (rank < shared.lowest) return;
      const secrets = [shared.secrets, own];
      const time = new Date(wall());
      sink.write(shared.format(time, level, id, maskMessage(message, secrets), maskFields(fields, secrets)));
    };
  }
}
