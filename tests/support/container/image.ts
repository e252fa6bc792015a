import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { executable } from "../e2e/executable.ts";
import { type ImagePlan, readDockerfile } from "./dockerfile.ts";

const repository = join(import.meta.dir, "../../..");

/** The file system of the image, and what the Dockerfile says of it. */
export interface Image extends ImagePlan {
  readonly folder: string;
}

/** Why this machine can't run a container of namespaces; undefined when it can. */
export function containerProblem(): string | undefined {
  const missing = ["unshare", "nsenter", "setpriv", "chroot", "ip", "ldd"].filter((tool) => Bun.which(tool) === null);
  if (missing.length > 0) return `${missing.join(", ")} are not installed`;
  const tried = Bun.spawnSync(["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "true"]);
  return tried.exitCode === 0 ? undefined : String(tried.stderr).trim();
}

/** The repository's Dockerfile. */
export function dockerfile(): ImagePlan {
  return readDockerfile(readFileSync(join(repository, "Dockerfile"), "utf8"));
}

let made: Image | undefined;

/**
 * The image's file system as the Dockerfile's last stage says, made once: the executable stands for the stage before, and for the
 * base the C library that this machine has, with nothing else. It is removed with the run's temporary files.
 */
export function image(): Image {
  made ??= makeImage();
  return made;
}

function makeImage(): Image {
  const plan = dockerfile();
  const folder = mkdtempSync(join(tmpdir(), "image-"));
  chmodSync(folder, 0o755);
  for (const name of ["dev", "etc", "proc", "tmp"]) mkdirSync(join(folder, name));
  for (const library of librariesOf(executable())) {
    mkdirSync(dirname(join(folder, library)), { recursive: true });
    copyFileSync(library, join(folder, library));
  }
  for (const { from, owner, source, to } of plan.copies) {
    const path = join(folder, to);
    mkdirSync(dirname(path), { recursive: true });
    if (from === undefined) cpSync(join(repository, source), path, { recursive: true });
    else if (source.startsWith("/image/srs-")) copyFileSync(executable(), path);
    else mkdirSync(path);
    const [user, group] = (owner ?? "0:0").split(":").map(Number);
    chownSync(path, user ?? 0, group ?? 0);
  }
  return { ...plan, folder };
}

/** Writes a file that containers see at this path, also those that run. */
export function mountFile({ folder }: Image, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The files that the loader takes for a program, the loader itself too. */
export function librariesOf(program: string): string[] {
  const { stdout } = Bun.spawnSync(["ldd", program]);
  return [...stdout.toString().matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}
