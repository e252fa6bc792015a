// Makes the files that browsers get of the stream's page and of the console: bundled, minified, named by their content, compressed.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CONSOLE_PATH } from "../src/features/console/console.ts";
import { ASSET_PATH } from "../src/features/page/assets.ts";

const features = join(import.meta.dir, "../src/features");

/**
 * Writes the page, its scripts, styles and picture into `directory`, each as it is and as `NAME.gz`. The players are scripts of their
 * own, which the page loads when it needs them. Throws with the bundler's messages.
 */
export async function bundlePage(directory: string): Promise<void> {
  await bundle(join(features, "page/browser/index.html"), ASSET_PATH, directory);
}

/** The same of the console. */
export async function bundleConsole(directory: string): Promise<void> {
  await bundle(join(features, "console/browser/index.html"), CONSOLE_PATH, directory);
}

/** `address`: where the files are served. */
async function bundle(entry: string, address: string, directory: string): Promise<void> {
  const result = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    minify: true,
    splitting: true,
    publicPath: address,
    define: { "process.env.NODE_ENV": '"production"' },
    jsx: { runtime: "automatic", importSource: "preact", development: false },
    naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
  });
  if (!result.success) throw new Error(result.logs.map(String).join("\n"));
  await mkdir(directory, { recursive: true });
  for (const output of result.outputs) {
    const name = output.path.replace(/^.*\//, "");
    const bytes = new Uint8Array(await output.arrayBuffer());
    await Bun.write(join(directory, name), bytes);
    await Bun.write(join(directory, `${name}.gz`), Bun.gzipSync(bytes, { level: 9 }));
  }
}
