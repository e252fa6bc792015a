import type { Log, LogFields } from "../../src/base/log.ts";
import { maskFields, maskMessage } from "../../src/base/log-mask.ts";
import { noSecrets, type Secrets } from "../../src/base/secrets.ts";

/** Keeps each line as text, masked as a log's are: `warn f1 forward failed to=edge:1935 error=…`. */
export class RecordingLog implements Log {
  readonly lines: string[];
  readonly #id: string;
  readonly #secrets: Secrets;

  constructor(lines: string[] = [], id = "", secrets = noSecrets) {
    this.lines = lines;
    this.#id = id;
    this.#secrets = secrets;
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

  with(id: string, secrets?: Secrets): Log {
    return new RecordingLog(this.lines, id, secrets);
  }

  /** The lines that match since the last call. */
  take(pattern = /./): string[] {
    return this.lines.splice(0).filter((line) => pattern.test(line));
  }

  #add(level: string, message: string, fields: LogFields = {}): void {
    const shown = maskFields(fields, [this.#secrets]);
    const given = Object.entries(shown).filter(([, value]) => value !== undefined);
    const words = [
      level,
      this.#id,
      maskMessage(message, [this.#secrets]),
      ...given.map(([key, value]) => `${key}=${value}`),
    ];
    this.lines.push(words.filter((word) => word !== "").join(" "));
  }
}
