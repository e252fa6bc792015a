// The runtime of another system, from npm's registry by npm itself, checked against package-lock.json.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../build.ts";
import { root } from "../run.ts";
import { must } from "./must.ts";

const packages: Readonly<Record<Target, string>> = {
  "linux-x64": "@oven/bun-linux-x64",
  "linux-arm64": "@oven/bun-linux-aarch64",
  "linux-x64-musl": "@oven/bun-linux-x64-musl",
  "linux-arm64-musl": "@oven/bun-linux-aarch64-musl",
};
const folder = join(root, "dist/runtimes");

/** The path of the Bun of a target, fetched the first time. Throws when it can't be had or is not what the lock file names. */
export async function runtimeOf(target: Target): Promise<string> {
  const name = packages[target];
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages[`node_modules/${name}`];
  const path = join(folder, `bun-${locked.version}-${target}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const aside = mkdtempSync(join(folder, ".fetch-"));
  try {
    await must(["npm", "pack", "--silent", `${name}@${locked.version}`, "--pack-destination", aside]);
    const [file = ""] = readdirSync(aside);
    const hash = createHash("sha512").update(readFileSync(join(aside, file)));
    if (`sha512-${hash.digest("base64")}` !== locked.integrity)
      throw new Error(`${name}@${locked.version} is not what package-lock.json names`);
    await must(["tar", "-xzf", join(aside, file), "-C", aside, "package/bin/bun"]);
    renameSync(join(aside, "package/bin/bun"), path);
    return path;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
