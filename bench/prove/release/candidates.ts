// The packages that the proofs install: dist/srs, compressed quickly, in an older and a newer version.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeDeb } from "../../../scripts/release/deb.ts";
import type { Release } from "../../../scripts/release/documents.ts";
import { makeRpm } from "../../../scripts/release/rpm.ts";
import { makeTarballs, writeSums } from "../../../scripts/release/tarball.ts";
import { builtExecutable, scratchFolder } from "../../command.ts";

const ARM = process.arch === "arm64";
/** The versions: the proofs install the older one and upgrade to the newer. */
export const versions = { older: "0.0.8", newer: "0.0.9" } as const;

/** The file names of a version. */
export function names(version: string) {
  return {
    deb: `srs_${version}_${ARM ? "arm64" : "amd64"}.deb`,
    rpm: `srs-${version}-1.${ARM ? "aarch64" : "x86_64"}.rpm`,
    tarball: `srs-${version}-linux-${ARM ? "arm64" : "x64"}`,
  };
}

let made: Promise<string> | undefined;

/** The folder with the packages of both versions and the archives of the newer one, with checksums; made once. */
export function candidates(): Promise<string> {
  made ??= make();
  return made;
}

async function make(): Promise<string> {
  const scratch = scratchFolder("release");
  const [to, work] = [join(scratch, "to"), join(scratch, "work")];
  for (const folder of [to, work]) mkdirSync(folder);
  const program = builtExecutable();
  for (const version of Object.values(versions)) {
    const release: Release = { version, seconds: 1_700_000_000, quick: true };
    const places = { to, work: join(work, version) };
    await makeDeb(ARM ? "arm64" : "amd64", program, release, places);
    await makeRpm(ARM ? "aarch64" : "x86_64", program, release, places);
  }
  const target = ARM ? "linux-arm64" : "linux-x64";
  await makeTarballs(target, program, { version: versions.newer, seconds: 1_700_000_000, quick: true }, { to, work });
  const { tarball } = names(versions.newer);
  writeSums(to, [`${tarball}.tar.gz`, `${tarball}.tar.xz`]);
  return to;
}
