import { statSync } from "node:fs";
import { dirname } from "node:path";

/** Variables of the runtime that change the executable's behaviour or trust; the executable must not run other programs' code. */
const RUNTIME_VARIABLE = /^(?:BUN|NODE)_/;
/** Mode bits: others may write; sticky: only to their own files. */
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Warnings about others' influence on the process, one line each; `pidFile` is `""` if there is none. */
export function surroundingsWarnings(
  environment: Readonly<Record<string, string | undefined>>,
  pidFile: string,
): string[] {
  const names = Object.keys(environment).filter((name) => RUNTIME_VARIABLE.test(name) && environment[name] !== "");
  const lines = names.map(
    (name) => `${name} in the environment is the runtime's, and may change what this program does: unset it`,
  );
  const folder = dirname(pidFile);
  if (pidFile !== "" && othersMayWrite(folder))
    lines.push(
      `pid: everybody may write in ${folder}, and so put another file in its place: use a folder of the server's own`,
    );
  return lines;
}

function othersMayWrite(folder: string): boolean {
  const mode = modeOf(folder);
  return (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
}

/** 0 for a folder that can't be examined: writing the file there reports the reason. */
function modeOf(folder: string): number {
  try {
    return statSync(folder).mode;
  } catch {
    return 0;
  }
}
