import type { Log, LogFields } from "../../base/log.ts";
import { maskFields, maskMessage } from "../../base/log-mask.ts";
import { noSecrets, type Secrets } from "../../base/secrets.ts";
import type { LineSink } from "./line-sink.ts";

/** From the most verbose level to the quietest. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** How important a line is. */
export type LogLevel = (typeof logLevels)[number];

/** Formats an event as one line, without its line feed. `id` is empty if there is none. */
export type LineFormat = (time: Date, level: LogLevel, id: string, message: string, fields: LogFields) => string;

/** Keeps lines as they are written. */
export interface LineTail {
  /** `time`: Unix ms. */
  add(time: number, level: LogLevel, line: string): void;
}

/** Settings of a log that can change while it is in use. */
export interface LogSetup {
  /** Lower levels are left out. */
  readonly level: LogLevel;
  readonly format: LineFormat;
  /** Texts that no line shows, in addition to those that look secret. */
  readonly secrets: Secrets;
}

/** The log of a process: one line for each event, to one sink. */
export interface RootLog extends Log {
  /** Changes this log and every log made from it. */
  configure(setup: LogSetup): void;
}

/**
 * A log whose lines go to `sink`, and to `tail`, which keeps the last ones; `wall` gives the milliseconds since 1970 that a line
 * carries. It masks every line.
 */
export function createLog(sink: LineSink, setup: LogSetup, wall: () => number, tail?: LineTail): RootLog {
  return new ChildLog({ sink, wall, tail, setup }, "", noSecrets);
}

/** Shared by all logs made from one root. */
interface Shared {
  readonly sink: LineSink;
  readonly wall: () => number;
  readonly tail: LineTail | undefined;
  setup: LogSetup;
}

/** A log with an id. Every connection has one, so it is one object: closures for its methods would be ten more. */
class ChildLog implements RootLog {
  readonly #shared: Shared;
  readonly #id: string;
  readonly #secrets: Secrets;

  constructor(shared: Shared, id: string, secrets: Secrets) {
    this.#shared = shared;
    this.#id = id;
    this.#secrets = secrets;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  with(id: string, secrets: Secrets = this.#secrets): Log {
    return new ChildLog(this.#shared, id, secrets);
  }

  configure(setup: LogSetup): void {
    this.#shared.setup = setup;
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    const { sink, wall, tail, setup } = this.#shared;
    if (logLevels.indexOf(level) < logLevels.indexOf(setup.level)) return;
    const secrets = [setup.secrets, this.#secrets];
    const time = wall();
    const [shown, masked] = [maskMessage(message, secrets), maskFields(fields, secrets)];
    const line = setup.format(new Date(time), level, this.#id, shown, masked);
    sink.write(line);
    tail?.add(time, level, line);
  }
}
