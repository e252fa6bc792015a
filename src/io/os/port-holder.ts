import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its program's name. */
  readonly name: string;
  /** The words of its command line. */
  readonly command: readonly string[];
}

const LISTENING = "0A";

/** The process that listens on a TCP port of this machine, if the system shows it: root sees all processes, other users see their own. */
export function portHolders(port: number): PortHolder[] {
  const sockets = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeners(table, port)));
  if (sockets.size === 0) return [];
  const holders = entries("/proc").filter((pid) => /^\d+$/.test(pid) && holdsOne(pid, sockets));
  return holders.map((pid) => {
    const command = read(`/proc/${pid}/cmdline`).split("\0").filter(Boolean);
    return { pid: Number(pid), name: basename(command[0] ?? read(`/proc/${pid}/comm`).trim()), command };
  });
}

/** Inodes of the sockets that listen on a port, from the kernel's table (proc(5)). */
function listeners(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return read(table)
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      return state === LISTENING && local.endsWith(`:${hex}`) ? [`socket:[${inode}]`] : [];
    });
}

function holdsOne(pid: string, sockets: ReadonlySet<string>): boolean {
  return entries(`/proc/${pid}/fd`).some((file) => {
    try {
      return sockets.has(readlinkSync(`/proc/${pid}/fd/${file}`));
    } catch {
      return false; // closed since
    }
  });
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // has ended, or is not visible to us
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
