// Shared by the commands of bench/: errors are one line, and processes and folders are removed at the end, whatever ends the command.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { messageOf } from "../src/base/errors.ts";

const EXECUTABLE = join(import.meta.dir, "../dist/srs");

const children = new Set<Subprocess>();
const folders: string[] = [];

/** Runs a command and exits with its result as the status; an error is printed in one line, with status 1. */
export async function runCommand(run: () => Promise<number>): Promise<never> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  process.once("exit", () => {
    for (const child of children) child.kill("SIGKILL");
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  try {
    process.exit(await run());
  } catch (error) {
    console.error(messageOf(error));
    process.exit(1);
  }
}

/** Makes sure that a child process does not outlive this one. */
export function owned<Child extends Subprocess>(child: Child): Child {
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
}

/** Makes a folder that is removed when this process ends. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.push(folder);
  return folder;
}

/** The path of the compiled executable. Throws an error that says how to make it if it is missing. */
export function builtExecutable(path = EXECUTABLE): string {
  if (!existsSync(path)) throw new Error(`there is no ${path} to measure: npm run build makes it`);
  return path;
}

/** Reads an option's number; throws unless it is above 0. */
export function positive(name: string, text: string): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : 0;
  if (value <= 0) throw new Error(`${name} takes a number above 0, not "${text}"`);
  return value;
}
