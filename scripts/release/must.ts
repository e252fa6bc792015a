import { constants } from "node:os";

const running = new Set<number>();
/**
 * Runs a command, and ends it with all that it has started when standard input ends: so does this process's side of it, also when
 * this process is killed.
 */
const TIED = 'exec 3<&0 < /dev/null; (cat <&3; kill -KILL 0) > /dev/null 2>&1 & exec "$@" 3<&-';

/** Runs a command to its end; its standard output. Throws with its last words when it fails. */
export async function must(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = Bun.spawn(["sh", "-c", TIED, "sh", ...command], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...env },
    // A process group of its own: what it starts ends with it.
    detached: true,
  });
  running.add(child.pid);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  running.delete(child.pid);
  await child.stdin.end();
  if (code !== 0) throw new Error(`${command.join(" ")} failed (status ${code}):\n${(err + out).trim().slice(-2000)}`);
  return out;
}

/** When this process is told to stop, it ends all commands under way with what they have started, cleans up, and ends. */
export function endOnSignal(cleanUp: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      for (const pid of running) killGroup(pid);
      cleanUp();
      process.exit(128 + constants.signals[signal]);
    });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
}
