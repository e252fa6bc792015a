import { randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";

/** Open files that a server needs in addition to its connections: listeners, the log, the runtime's own. */
const RESERVED_FILES = 256;

/** How many files this process may open; undefined if unknown. The runtime has raised it to the hard limit. */
function openFileLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    const limit = Number(line?.[1]);
    return Number.isFinite(limit) ? limit : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Why this process can't have `connections` open at a time, and what to do; undefined if it can, or if that is unknown.
 * `setting` is the key by which the operator asked for them.
 */
export function openFilesProblem(connections: number, setting = "max_connections ="): string | undefined {
  const limit = openFileLimit();
  const needed = connections + RESERVED_FILES;
  if (limit === undefined || limit >= needed) return undefined;
  return `${setting} ${connections} needs ${needed} open files and the limit is ${limit}; raise it (ulimit -n ${needed}, or LimitNOFILE in the systemd unit) or lower ${setting.replace(/ =$/, "")}`;
}

/** Processor time that this process has used so far, in all its threads. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Fills a buffer with random bytes of cryptographic quality. */
export function fillRandom(bytes: Uint8Array): void {
  randomFillSync(bytes);
}

/** A random id of 16 hexadecimal digits. */
export function randomId(): string {
  return randomHex(8);
}

/** A random id of 32 hexadecimal digits, which nobody can guess. */
export function randomEpochId(): string {
  return randomHex(16);
}

/** This many random bytes in hexadecimal. */
export function randomHex(length: number): string {
  const bytes = new Uint8Array(length);
  fillRandom(bytes);
  return bytes.toHex();
}
