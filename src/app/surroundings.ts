import { statSync } from "node:fs";
import { dirname } from "node:path";

/** Variables of the runtime that change what the executable does, or whom it trusts; the executable is no runtime of others. */
const RUNTIME_VARIABLE = /^(?:BUN|NODE)_/;
/** Bit of a mode: others may write; the sticky bit: only in files of their own. */
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** What around the process gives others a say in what it does, a line each; `pidFile` is `""` where there is none. */
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

/** 0 for a folder that can't be looked at: who writes the file there tells why. */
function modeOf(folder: string): number {
  try {
    return statSync(folder).mode;
  } catch {
    return 0;
  }
}
