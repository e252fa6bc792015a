import type { Log, LogFields } from "../../src/base/log.ts";

/** Keeps each line as text: `warn f1 forward failed to=edge:1935 error=…`. */
export class RecordingLog implements Log {
  readonly lines: string[];
  readonly #id: string;

  constructor(lines: string[] = [], id = "") {
    this.lines = lines;
    this.#id = id;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add("error", message, fields);
  }

  with(id: string): Log {
    return new RecordingLog(this.lines, id);
  }

  /** The lines that match since the last call. */
  take(pattern = /./): string[] {
    return this.lines.splice(0).filter((line) => pattern.test(line));
  }

  #add(level: string, message: string, fields: LogFields = {}): void {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const words = [level, this.#id, message, ...given.map(([key, value]) => `${key}=${value}`)];
    this.lines.push(words.filter((word) => word !== "").join(" "));
  }
}
