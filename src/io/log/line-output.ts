import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { UserError } from "../../base/errors.ts";
import { reasonOf } from "../files/file.ts";
import { errorCode } from "../os/socket-errors.ts";

/** The output that a log's lines are written to. */
export interface LineOutput {
  /** Writes some of `bytes`, from `offset` on, without blocking; `done` gets how many, or the error. */
  write(bytes: Uint8Array, offset: number, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  /** Writes some of `bytes`, from `offset` on, blocking; returns how many. */
  writeSync(bytes: Uint8Array, offset: number): number;
  /** Closes the output; nothing more is written. */
  close(): void;
}

/** The permissions of a new log file: its owner writes, its group reads. */
const fileMode = 0o640;

/** Standard output. Closing it has no effect, as the process doesn't own it. */
export function standardOutput(): LineOutput {
  return outputTo(1, () => undefined);
}

/**
 * A file that lines are appended to, created if it is missing. Throws UserError when it can't be opened: also for a pipe
 * without a reader, as waiting for one would delay the start.
 */
export function fileOutput(path: string): LineOutput {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  try {
    const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, fileMode);
    return outputTo(file, () => closeSync(file));
  } catch (error) {
    const reason = errorCode(error) === "ENOENT" ? "its directory does not exist" : reasonOf(error);
    throw new UserError(`cannot write the log to ${path}: ${reason}`, { cause: error });
  }
}

/** Whether a descriptor, 1 or 2, is the system's journal, according to JOURNAL_STREAM, which systemd sets. */
export function isJournal(descriptor: number, journalStream: string | undefined): boolean {
  try {
    const { dev, ino } = fstatSync(descriptor);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

function outputTo(file: number, close: () => void): LineOutput {
  return {
    // Writes without a position, so that a file truncated meanwhile continues at its new end.
    write: (bytes, offset, done) => write(file, bytes, offset, bytes.length - offset, null, done),
    writeSync: (bytes, offset) => writeSync(file, bytes, offset),
    close,
  };
}
