// The commit that an executable is made of.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The short commit of a working tree, "+dirty" when files differ from it. Where git can't say it, as in an image's build: the
 * commit that `.git` names, whatever the files are. "unknown" without either.
 */
export function commitOf(folder: string): string {
  const short = git(folder, "rev-parse", "--short", "HEAD");
  if (short === undefined) return namedIn(join(folder, ".git"))?.slice(0, 7) ?? "unknown";
  return git(folder, "status", "--porcelain") ? `${short}+dirty` : short;
}

function git(folder: string, ...args: readonly string[]): string | undefined {
  try {
    const run = Bun.spawnSync(["git", ...args], { cwd: folder, stderr: "ignore" });
    return run.exitCode === 0 ? run.stdout.toString().trim() : undefined;
  } catch {
    return undefined; // git is not installed
  }
}

/** HEAD has a commit or the name of a branch, which has a file of its own or a line in packed-refs. */
function namedIn(folder: string): string | undefined {
  const head = textOf(join(folder, "HEAD"));
  const branch = /^ref: (.+)$/.exec(head)?.[1];
  if (branch === undefined) return commitIn(head);
  const packed = textOf(join(folder, "packed-refs"))
    .split("\n")
    .find((line) => line.endsWith(` ${branch}`));
  return commitIn(textOf(join(folder, branch))) ?? commitIn(packed ?? "");
}

function commitIn(text: string): string | undefined {
  return /^[0-9a-f]{40,64}\b/.exec(text)?.[0];
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}
