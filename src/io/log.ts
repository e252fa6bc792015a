import type { Log, LogFields } from "../base/log.ts";
import type { LineSink } from "./line-sink.ts";
import { formatLine } from "./log-line.ts";

/** From the most talkative level to the quietest. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** How important a line is. */
export type LogLevel = (typeof logLevels)[number];

/** The log of a process: one line for each event, to one sink. */
export interface RootLog extends Log {
  /** Lower levels are left out, here and in every log made from this one. */
  setLevel(level: LogLevel): void;
}

/** A log whose lines go to `sink`; `wall` gives the milliseconds since 1970 that a line begins with. */
export function createLog(sink: LineSink, level: LogLevel, wall: () => number): RootLog {
  const shared = { lowest: logLevels.indexOf(level) };
  return {
    ...branch(""),
    setLevel(level) {
      shared.lowest = logLevels.indexOf(level);
    },
  };

  function branch(id: string): Log {
    return {
      debug: writer("debug", id),
      info: writer("info", id),
      warn: writer("warn", id),
      error: writer("error", id),
      with: branch,
    };
  }

  function writer(level: LogLevel, id: string): (message: string, fields?: LogFields) => void {
    const rank = logLevels.indexOf(level);
    return (message, fields) => {
      if (rank >= shared.lowest) sink.write(formatLine(new Date(wall()), level, id, message, fields));
    };
  }
}
