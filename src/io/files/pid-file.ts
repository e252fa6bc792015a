import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../base/errors.ts";
import { reasonOf } from "./file.ts";

/** Writes this process's id into a file, atomically; creates missing folders. Throws UserError. */
export function writePidFile(path: string): void {
  const beside = `${path}.${process.pid}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Created anew: a link that someone has placed there is not followed.
    rmSync(beside, { force: true });
    writeFileSync(beside, `${process.pid}\n`, { flag: "wx" });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new UserError(`cannot write the pid file ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Removes the file, unless it contains another process's id by now. */
export function removePidFile(path: string): void {
  if (readPidFile(path) === process.pid) rmSync(path, { force: true });
}

/** The process id in a file; undefined when there is none. */
export function readPidFile(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
