import { chmodSync, readdirSync, readFileSync } from "node:fs";
import type { Stage } from "./stage.ts";

/** What every stand-in says of itself; trials of engines succeed. */
const HEAD = `#!/bin/sh
case "$*" in
*-version*) echo "ffmpeg version 6.1 stand-in"; exit ;;
*-encoders*) echo ' V....D libx264 x (codec h264)'; exit ;;
*lavfi*) exit ;;
esac
`;
/** An FLV file's head, and the header of a video tag of 16 MB. */
const HUGE_TAG =
  "FLV\\001\\001\\000\\000\\000\\011\\000\\000\\000\\000\\011\\377\\377\\377\\000\\000\\000\\000\\000\\000\\000";

/** FFmpegs that misbehave, as shell scripts. */
export const standIns = {
  /** Ignores SIGTERM and the end of its input, reads nothing, writes nothing. */
  deaf: "trap '' TERM HUP INT PIPE; while :; do sleep 0.2; done",
  /** Reads, and gives nothing. */
  dumb: "exec cat >/dev/null",
  /** Reads nothing. */
  stuck: "exec sleep 1000",
  exits: "exit 3",
  /** More messages than are read in a second. */
  floods: `yes "it complains at length, in lines as long as those that FFmpeg writes of bad input" | head -c 3000000 >&2; exit 4`,
  /** Messages without an end. */
  complains: `exec yes "it complains" >&2`,
  /** One message without an end. */
  mutters: "exec cat /dev/zero >&2",
  garbage: "exec cat /dev/urandom",
  huge: `printf '${HUGE_TAG}'; exec cat /dev/zero`,
  /** Closes its output, and lives. */
  closed: "exec cat >&2 >/dev/null",
  /** Leaves a child behind that holds its pipes. */
  forks: "sleep 1000 & exit 0",
} as const;

/** Writes a stand-in; its path. */
export function standIn(stage: Stage, name: string, script: string): string {
  const path = stage.write(name, `${HEAD}${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The processes, zombies apart, that have this variable in their environment. */
export function processesWith(variable: string): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      if (/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return [];
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(variable) ? [Number(pid)] : [];
    } catch {
      return []; // It has ended.
    }
  });
}
