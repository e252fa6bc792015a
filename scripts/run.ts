// Runs one command of the gate with its output kept in a file, which survives grandchildren that hold the pipe open.
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

/** The repository's root; every command of the gate runs there. */
export const root = join(import.meta.dir, "..");

/** What became of a command. `seconds` is wall-clock time. */
export interface Finished {
  exitCode: number;
  output: string;
  seconds: number;
}

const running = new Set<number>();

/** Ends every command under way with all its descendants; for when the gate itself is told to stop. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

/**
 * Runs `command` to its end and returns both output streams in the order written, kept in `dist/check/<name>.log`.
 * After `limitMs` the command and its descendants are killed, and the output says so.
 */
export async function run(name: string, command: readonly string[], limitMs = 600_000): Promise<Finished> {
  const directory = join(root, "dist/check");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.log`);
  const log = openSync(file, "w");
  const began = performance.now();
  let overrun = false;
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
  const limit = setTimeout(() => {
    overrun = true;
    killGroup(child.pid);
  }, limitMs);
  const exitCode = await child.exited;
  clearTimeout(limit);
  killGroup(child.pid); // what it left running
  running.delete(child.pid);
  const note = overrun ? `\nkilled after ${limitMs / 1000} s` : "";
  return {
    exitCode: overrun ? 124 : exitCode,
    output: (await Bun.file(file).text()) + note,
    seconds: (performance.now() - began) / 1000,
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nothing of it is left
  }
}
