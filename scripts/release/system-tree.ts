// The files of a package, as they are installed.
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { copyExamples, copyProgram, type Files, generated, type Release, source, units, write } from "./documents.ts";
import { must } from "./must.ts";

/** Files that the administrator may change: no upgrade overwrites them. */
export const configFiles = ["/etc/logrotate.d/srs", "/etc/srs/srs.toml"] as const;

/** Puts a package's files below `folder`; `unitFolder` is where the distribution has units. */
export async function makeSystemTree(
  folder: string,
  program: string,
  release: Release,
  unitFolder: string,
): Promise<void> {
  copyProgram(program, join(folder, "usr/bin/srs"));
  write(join(folder, unitFolder), units("/usr/bin/srs"));
  write(join(folder, "usr/share"), generated(release));
  copyExamples(join(folder, "usr/share/doc/srs/examples"));
  const files: Files = {
    "etc/srs/srs.toml": source("scripts/release/files/srs.toml"),
    "etc/logrotate.d/srs": source("conf/logrotate/srs"),
    "usr/lib/sysusers.d/srs.conf": source("scripts/release/files/sysusers.conf"),
    "usr/share/srs/srs.schema.json": source("conf/srs.schema.json"),
  };
  write(folder, files);
  mkdirSync(join(folder, "usr/share/doc/srs"), { recursive: true });
  await must(["gzip", "-9n", join(folder, "usr/share/man/man1/srs.1")]);
  await must(["chmod", "-R", "u=rwX,go=rX", folder]);
  chmodSync(join(folder, "usr/bin/srs"), 0o755);
}

/** All files below a folder, as absolute paths of the installed system. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length)).toSorted();
}
