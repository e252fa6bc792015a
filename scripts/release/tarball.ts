// The archives: the executable, units, examples, licence and a short INSTALL in one folder.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../build.ts";
import {
  archiveInstaller,
  copyExamples,
  copyProgram,
  generated,
  type Release,
  source,
  units,
  write,
} from "./documents.ts";
import { must } from "./must.ts";

/** Makes srs-VERSION-TARGET.tar.gz and .tar.xz in `to`. `program` is the executable, `work` a folder for what is on the way. */
export async function makeTarballs(
  target: Target,
  program: string,
  release: Release,
  { to, work }: { readonly to: string; readonly work: string },
): Promise<void> {
  const name = `srs-${release.version}-${target}`;
  const folder = join(work, name);
  copyProgram(program, join(folder, "srs"));
  copyExamples(join(folder, "conf"));
  write(join(folder, "systemd"), units("/usr/local/bin/srs"));
  write(join(folder, "share"), generated(release));
  write(folder, {
    LICENSE: source("LICENSE"),
    "CHANGELOG.md": source("CHANGELOG.md"),
    INSTALL: source("scripts/release/files/INSTALL"),
    "install.sh": archiveInstaller(target),
    "conf/logrotate/srs": source("conf/logrotate/srs"),
    "share/sysusers.d/srs.conf": source("scripts/release/files/sysusers.conf"),
  });
  chmodSync(join(folder, "install.sh"), 0o755);
  await must(["chmod", "-R", "u=rwX,go=rX", folder]);
  const tar = join(work, `${name}.tar`);
  const owner = ["--owner=0", "--group=0", "--numeric-owner", `--mtime=@${release.seconds}`];
  await must(["tar", "-cf", tar, "--format=gnu", "--sort=name", ...owner, "-C", work, name]);
  rmSync(folder, { recursive: true });
  const pack = (command: string, ending: string) =>
    must(["sh", "-c", `${command} < "$1" > "$2"`, "sh", tar, join(to, `${name}.tar.${ending}`)]);
  await pack(`gzip -${release.quick ? 1 : 6}n`, "gz");
  await pack(xzCommand(target, release.quick ? 0 : 6), "xz");
  rmSync(tar);
}

/** One thread packs smaller than two. The filter for ARM code needs an xz of 2022 to unpack, so it is left out. */
function xzCommand(target: Target, level: number): string {
  return `xz -T1 ${target.startsWith("linux-x64") ? `--x86 --lzma2=preset=${level}` : `-${level}`}`;
}

/** Writes SHA256SUMS for these files of a folder. */
export function writeSums(folder: string, names: readonly string[]): void {
  const lines = names.toSorted().map((name) => {
    return `${new Bun.CryptoHasher("sha256").update(readFileSync(join(folder, name))).digest("hex")}  ${name}\n`;
  });
  writeFileSync(join(folder, "SHA256SUMS"), lines.join(""));
}
