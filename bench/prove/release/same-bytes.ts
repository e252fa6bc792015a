import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../scripts/release/must.ts";
import { root } from "../../../scripts/run.ts";
import { scratchFolder } from "../../command.ts";
import type { Finding } from "../proof.ts";

const TARGET = process.arch === "arm64" ? "linux-arm64" : "linux-x64";

/** Releases of the last commit from two clones are equal, though their folders' names differ in length. */
export async function sameBytes(): Promise<readonly Finding[]> {
  const scratch = scratchFolder("same");
  const [one, other] = [await releaseFrom(join(scratch, "one")), await releaseFrom(join(scratch, "another-clone"))];
  return [{ what: `${TARGET}, from two clones`, ok: one === other, seen: compared(one, other) }];
}

/** Makes a clone and releases it; returns the checksums of its files. */
async function releaseFrom(clone: string): Promise<string> {
  await must(["git", "clone", "--quiet", root, clone]);
  await must(["ln", "-s", join(root, "node_modules"), join(clone, "node_modules")]);
  const to = `${clone}.release`;
  await must([process.execPath, join(clone, "scripts/release.ts"), "--only", TARGET, "--quick", "--to", to]);
  return readFileSync(join(to, "SHA256SUMS"), "utf8");
}

function compared(one: string, other: string): string {
  const lines = new Set(other.split("\n"));
  const names = one.split("\n").flatMap((line) => (lines.has(line) ? [] : [line.replace(/^\S+ +/, "")]));
  return names.length === 0 ? `${one.trim().split("\n").length} files are the same` : `differ: ${names.join(", ")}`;
}
