// Compiles the one executable: `bun run build.ts` for this machine, `--target linux-arm64` for another.
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "./package.json";
import { bundleConsole, bundlePage } from "./scripts/bundle-page.ts";
import { commitOf } from "./scripts/commit.ts";
import { messageOf } from "./src/base/errors.ts";

const root = import.meta.dir;
const dist = join(root, "dist");
/** The systems that the executable can be compiled for. */
export const targets = ["linux-x64", "linux-arm64", "linux-x64-musl", "linux-arm64-musl"] as const;
/** One of them. */
export type Target = (typeof targets)[number];

/**
 * Compiles and returns the path: `dist/srs`, or `dist/srs-<target>` for a named target. `runtime` is the target's Bun, where it is
 * here already; otherwise the compiler downloads it. Throws with the compiler's messages.
 */
export async function build(target?: Target, runtime?: string): Promise<string> {
  // Source maps have paths relative to here: the same commit gives the same bytes from any folder.
  process.chdir(root);
  const name = target === undefined ? "srs" : `srs-${target}`;
  await mkdir(dist, { recursive: true });
  // Made aside and moved: a running executable is not written over, and the source maps stay behind.
  const aside = await mkdtemp(join(dist, ".build-"));
  try {
    const outfile = join(aside, name);
    const page = join(aside, "page");
    const admin = join(aside, "console");
    await Promise.all([bundlePage(page), bundleConsole(admin)]);
    const result = await Bun.build({
      entrypoints: [join(root, "src/cli/main.ts")],
      target: "bun",
      format: "esm",
      minify: true,
      sourcemap: "linked",
      bytecode: true,
      define: {
        BUILD_VERSION: JSON.stringify(packageJson.version),
        BUILD_COMMIT: JSON.stringify(commitOf(root)),
      },
      compile: {
        outfile,
        ...(target === undefined ? {} : { target: `bun-${target}` as const }),
        ...(runtime === undefined ? {} : { executablePath: runtime }),
        assets: [page, admin],
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
    });
    if (!result.success) throw new Error(result.logs.map(String).join("\n"));
    const path = join(dist, name);
    await rename(outfile, path);
    return path;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function readTarget(): Target | undefined {
  const { values } = parseArgs({ options: { target: { type: "string" } } });
  if (values.target === undefined) return undefined;
  const short = values.target.replace(/^bun-/, "");
  const target = targets.find((known) => known === short);
  if (target === undefined) throw new Error(`unknown target "${values.target}"; known: ${targets.join(", ")}`);
  return target;
}

if (import.meta.main) {
  try {
    const path = await build(readTarget());
    const megabytes = Math.round(Bun.file(path).size / 1e6);
    console.log(`${path.slice(root.length + 1)}: ${packageJson.version} (${commitOf(root)}), ${megabytes} MB`);
  } catch (error) {
    for (const each of error instanceof AggregateError ? error.errors : [error]) {
      console.error(each instanceof BuildMessage || each instanceof ResolveMessage ? each : messageOf(each));
    }
    process.exit(1);
  }
}
