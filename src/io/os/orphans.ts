import { readdirSync, readFileSync } from "node:fs";
import type { Clock, Timer } from "../../base/clock.ts";
import { libc } from "./libc.ts";

const ROUND_MS = 5000;
/** waitpid(2): don't wait. */
const WNOHANG = 1;

/**
 * Waits for processes that have lost their parents, as a container's first process has to: otherwise they stay as zombies when they
 * end. The runtime waits for the children that it has started at once, so a process that is a zombie for a whole round is none of these.
 * Undefined where the C library can't be called.
 */
export function reapOrphans(clock: Clock): Timer | undefined {
  const functions = libc({ waitpid: { args: ["i32", "ptr", "i32"], returns: "i32" } });
  if (functions === undefined) return undefined;
  let before: readonly number[] = [];
  return clock.every(ROUND_MS, () => {
    const now = zombies();
    for (const pid of now) if (before.includes(pid)) functions.waitpid(pid, null, WNOHANG);
    before = now;
  });
}

/** This process's children that have ended. */
function zombies(): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    return pid > 0 && isZombie(pid) ? [pid] : [];
  });
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // proc(5): the state and the parent follow the name, which may have any character.
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" && Number(parent) === process.pid;
  } catch {
    return false; // it has ended since
  }
}
