// Runs one command of the gate with its output kept in a file, which survives grandchildren that hold the pipe open.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** The repository's root; every command of the gate runs there. */
export const root = join(import.meta.dir, "..");

/** A command that prints nothing for so long hangs: no test and no download is allowed as much. */
const SILENCE_MS = 300_000;

/** What became of a command. `seconds` is wall-clock time. */
export interface Finished {
  exitCode: number;
  output: string;
  seconds: number;
}

/** Where what steps print and report is kept. */
const folder = join(root, "dist/check");

const running = new Set<number>();

/** Ends every command under way with all its descendants; for when the gate itself is told to stop. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

/** What the command that was started last under this name has printed so far. */
export function outputOf(name: string): string {
  return textOf(logOf(name));
}

/** The JUnit report that a run under this name has written; empty if it has not come to it. */
export function reportedBy(name: string): string {
  return textOf(reportOf(name));
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/**
 * Runs `command` to its end and returns both output streams in the order written, kept in `dist/check/<name>.log`.
 * When it prints nothing for `silenceMs`, it is killed with its descendants, and the output says so. How long it takes
 * in all is no measure: that depends on the machine.
 */
export async function run(name: string, command: readonly string[], silenceMs = SILENCE_MS): Promise<Finished> {
  const file = logOf(name);
  mkdirSync(folder, { recursive: true });
  rmSync(reportOf(name), { force: true });
  const log = openSync(file, "w");
  const began = performance.now();
  let silent = false;
  const child = Bun.spawn([...command], {
    cwd: root,
    stdin: "ignore",
    stdout: log,
    stderr: log,
    detached: true, // its own process group, so that killGroup reaches its descendants
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  closeSync(log);
  running.add(child.pid);
  let [size, lastOutputAt] = [0, began];
  const watch = setInterval(
    () => {
      const now = statSync(file).size;
      if (now !== size) [size, lastOutputAt] = [now, performance.now()];
      silent = performance.now() - lastOutputAt > silenceMs;
      if (silent) killGroup(child.pid);
    },
    Math.min(1000, silenceMs),
  );
  const exitCode = await child.exited;
  clearInterval(watch);
  killGroup(child.pid); // what it left running
  running.delete(child.pid);
  const note = silent ? `\nkilled: it printed nothing for ${silenceMs / 1000} s` : "";
  return {
    exitCode: silent ? 124 : exitCode,
    output: outputOf(name) + note,
    seconds: (performance.now() - began) / 1000,
  };
}

/** Where a run of tests under this name is to write its JUnit report. */
export function reportOf(name: string): string {
  return join(folder, `${name}.xml`);
}

function logOf(name: string): string {
  return join(folder, `${name}.log`);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nothing of it is left
  }
}
