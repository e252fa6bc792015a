// `npm run release`: everything that is downloaded, in dist/release/. `-- --only linux-x64` makes one target's files, `--quick` packs
// in less time than space, `--to FOLDER` leaves them elsewhere.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type Target, targets } from "../build.ts";
import packageJson from "../package.json";
import { messageOf } from "../src/base/errors.ts";
import { makeDeb } from "./release/deb.ts";
import { type Release, source } from "./release/documents.ts";
import { endOnSignal, must } from "./release/must.ts";
import { makeRpm } from "./release/rpm.ts";
import { runtimeOf } from "./release/runtime.ts";
import { sbom } from "./release/sbom.ts";
import { makeTarballs, writeSums } from "./release/tarball.ts";
import { root } from "./run.ts";

/** The architecture's name in packages, for targets that get some. */
const packaged: Readonly<Partial<Record<Target, { deb: "amd64" | "arm64"; rpm: "x86_64" | "aarch64" }>>> = {
  "linux-x64": { deb: "amd64", rpm: "x86_64" },
  "linux-arm64": { deb: "arm64", rpm: "aarch64" },
};

/** One thing to pack. */
interface Job {
  readonly makes: string;
  run(): Promise<void>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      to: { type: "string" },
    },
  });
  const chosen = targets.filter((target) => values.only === undefined || values.only === target);
  if (chosen.length === 0) throw new Error(`--only takes ${targets.join(", ")}`);
  const release = await describeRelease(values.quick);
  const to = resolve(values.to ?? join(root, "dist/release"));
  if (values.to !== undefined && existsSync(to)) throw new Error(`--to takes a folder that does not exist; ${to} does`);
  const work = `${to}.work`;
  // Half a release is none.
  endOnSignal(() => {
    for (const folder of [to, work]) rmSync(folder, { recursive: true, force: true });
  });
  for (const folder of [to, work]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const begun = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  const jobs: Job[] = [];
  for (const target of chosen) {
    const program = await build(target, await runtimeOf(target));
    say(`${target} is compiled`);
    const places = { to, work };
    const arch = packaged[target];
    jobs.push({ makes: `${target}'s archives`, run: () => makeTarballs(target, program, release, places) });
    if (arch === undefined) continue;
    const packages = [
      { tool: "dpkg-deb", makes: `${target}'s .deb`, run: () => makeDeb(arch.deb, program, release, places) },
      { tool: "rpmbuild", makes: `${target}'s .rpm`, run: () => makeRpm(arch.rpm, program, release, places) },
    ];
    for (const { tool, makes, run } of packages)
      if (Bun.which(tool) !== null) jobs.push({ makes, run });
      else console.log(`skipped: ${makes} needs ${tool}, which is not installed`);
  }
  // Packing takes nearly all of the time, one core for each file.
  const next = jobs.values();
  const worker = async () => {
    for (const { makes, run } of next) {
      await run();
      say(`made ${makes}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  writeFileSync(join(to, `srs-${release.version}.cdx.json`), sbom(source("package-lock.json"), release.seconds));
  rmSync(work, { recursive: true, force: true });
  writeSums(to, readdirSync(to));
  for (const name of readdirSync(to).toSorted())
    console.log(`${(Bun.file(join(to, name)).size / 1e6).toFixed(1).padStart(7)} MB  ${name}`);
}

/** The version is package.json's; a tag of the commit must say the same. The time is SOURCE_DATE_EPOCH or the commit's. */
async function describeRelease(quick: boolean): Promise<Release> {
  const { version } = packageJson;
  const git = (...words: readonly string[]) => must(["git", "-C", root, ...words]).then((text) => text.trim());
  const isRepository = existsSync(join(root, ".git"));
  const tags = isRepository ? (await git("tag", "--points-at", "HEAD", "v*")).split("\n").filter(Boolean) : [];
  if (tags.length > 0 && !tags.includes(`v${version}`))
    throw new Error(`package.json has version ${version}, but the commit's tag is ${tags.join(", ")}`);
  if (tags.length === 0)
    console.log(`the commit has no tag v${version}: these files are for trying, not for publishing`);
  const given = process.env.SOURCE_DATE_EPOCH ?? (isRepository ? await git("log", "-1", "--format=%ct") : "0");
  return { version, seconds: Number(given), quick };
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
