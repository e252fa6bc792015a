import { writeSync } from "node:fs";
import type { Change } from "../../base/change.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Secrets } from "../../base/secrets.ts";
import { reasonOf } from "../files/file.ts";
import { fileOutput, isJournal, type LineOutput, standardOutput } from "./line-output.ts";
import { BufferedSink } from "./line-sink.ts";
import { createLog, type LineFormat, type LogLevel, type RootLog } from "./log.ts";
import { journalJsonLine, jsonLine } from "./log-json.ts";
import { journalLine, textLine } from "./log-line.ts";
import { LogTail } from "./log-tail.ts";

/** The forms of a line. */
export const logFormats = ["text", "json"] as const;

/** Lines that are kept in memory. */
const TAIL_LINES = 500;

/** The operator's settings of the log. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly format: (typeof logFormats)[number];
  /** The path of a file; empty for standard output. */
  readonly file: string;
}

/** The log of this process and its destination; both can change at run time. */
export class Logging {
  readonly log: Log;
  /** The log's last lines. */
  readonly tail = new LogTail(TAIL_LINES);
  readonly #root: RootLog;
  readonly #sink: BufferedSink;
  readonly #wall: () => number;
  /** Whether standard output is the journal. */
  readonly #journal: boolean;
  #file: string;
  #format: LineFormat;

  /** Throws UserError when the log's file can't be written. `journalStream`: the environment variable JOURNAL_STREAM. */
  constructor(
    settings: LogSettings,
    secrets: Secrets,
    wall: () => number,
    journalStream: string | undefined = process.env.JOURNAL_STREAM,
  ) {
    this.#wall = wall;
    this.#journal = isJournal(1, journalStream);
    this.#file = settings.file;
    this.#format = this.#formatOf(settings);
    this.#sink = new BufferedSink(outputOf(settings.file), {
      lostLine: (count) => this.#format(new Date(wall()), "warn", "", "log lines lost", { lost: count }),
      onFailure: (error) => this.#reportFailure(error),
    });
    this.#root = createLog(this.#sink, { level: settings.level, format: this.#format, secrets }, wall, this.tail);
    this.log = this.#root;
    // The process's exit writes waiting lines.
    process.on("exit", () => this.#sink.flushSync());
  }

  /** Lines lost since the start: the log's reader was too slow or gone, or its disk was full. */
  get lost(): number {
    return this.#sink.lost;
  }

  /**
   * Prepares other settings; waiting lines go to the output they were written for. Throws UserError when its file can't be
   * written.
   */
  prepare(settings: LogSettings, secrets: Secrets): Change {
    const output = settings.file === this.#file ? undefined : outputOf(settings.file);
    return {
      discard: () => output?.close(),
      apply: () => {
        this.#file = settings.file;
        this.#format = this.#formatOf(settings);
        if (output !== undefined) this.#sink.use(output);
        this.#root.configure({ level: settings.level, format: this.#format, secrets });
      },
    };
  }

  /** Opens the log's file again by its name, after it was renamed. On failure the old file stays in use and gets a line about it. */
  reopen(): void {
    if (this.#file === "") {
      this.log.info("the log is on standard output, there is no file to reopen");
      return;
    }
    try {
      this.#sink.use(fileOutput(this.#file));
      this.log.info("log reopened", { file: this.#file });
    } catch (error) {
      this.log.error("the log could not be reopened, it continues in the old file", { error: messageOf(error) });
    }
  }

  /** Resolves when all lines so far are written, or never will be. */
  flush(): Promise<void> {
    return this.#sink.flush();
  }

  #formatOf({ format, file }: LogSettings): LineFormat {
    const journal = this.#journal && file === "";
    if (format === "json") return journal ? journalJsonLine : jsonLine;
    return journal ? journalLine : textLine;
  }

  /** Reports on standard error that the log can't be written. */
  #reportFailure(error: NodeJS.ErrnoException): void {
    const where = this.#file === "" ? "standard output" : this.#file;
    const fields = { to: where, error: reasonOf(error) };
    const line = textLine(new Date(this.#wall()), "error", "", "the log cannot be written, its lines wait", fields);
    try {
      writeSync(2, `${line}\n`);
    } catch {
      // There is nowhere left to report it.
    }
  }
}

function outputOf(file: string): LineOutput {
  return file === "" ? standardOutput() : fileOutput(file);
}
