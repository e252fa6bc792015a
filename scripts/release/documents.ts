// What a release contains besides the executable, made from the sources.
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../run.ts";
import { flatCommands } from "./commands.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "./completions.ts";
import { manPage } from "./man-page.ts";

/** What is released, and when. */
export interface Release {
  readonly version: string;
  /** Unix time, in all files of the release. */
  readonly seconds: number;
  /** Packed quickly instead of small: for trying packages. */
  readonly quick: boolean;
}

/** Files by their path; the mode is 0644. */
export type Files = Readonly<Record<string, string>>;

/** The man page and the completions, by the path below /usr/share. */
export function generated({ version, seconds }: Release): Files {
  const commands = flatCommands();
  return {
    "man/man1/srs.1": manPage(commands, version, new Date(seconds * 1000).toISOString().slice(0, 10)),
    "bash-completion/completions/srs": bashCompletion(commands),
    "zsh/vendor-completions/_srs": zshCompletion(commands),
    "fish/vendor_completions.d/srs.fish": fishCompletion(commands),
  };
}

/** A file of the repository as text. */
export function source(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** A script that packages run, by its name: shell, without its first line. */
export function installScript(name: string): string {
  const text = source(`scripts/release/files/${name}.sh`);
  return name === "before-install" ? `${source("scripts/release/files/lacks.sh")}${text}` : text;
}

/** The script that installs an archive's files. */
export function archiveInstaller(target: string): string {
  const lacks = source("scripts/release/files/lacks.sh").trimEnd();
  return source("scripts/release/files/install.sh")
    .replace("@lacks@", () => lacks)
    .replaceAll("@target@", target);
}

/** The units, for a program at `program`. */
export function units(program: string): Files {
  return {
    "srs@.service": source("conf/systemd/srs@.service").replaceAll("/usr/local/bin/srs", program),
    "srs@.socket": source("conf/systemd/srs@.socket"),
  };
}

/** Writes files below a folder. */
export function write(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o644 });
  }
}

/** Copies the example configurations to a folder. */
export function copyExamples(to: string): void {
  mkdirSync(to, { recursive: true });
  cpSync(join(root, "conf"), to, { recursive: true, filter: (path) => !/\/(?:systemd|logrotate)(?:\/|$)/.test(path) });
}

/** Copies the executable to a path. */
export function copyProgram(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}
