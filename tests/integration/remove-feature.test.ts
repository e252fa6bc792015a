import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const copy = mkdtempSync(join(tmpdir(), "srs-without-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Everything but a feature's folder and the lines in `app/` that name it. */
function without(folder: string, words: RegExp, files: readonly string[]): void {
  rmSync(join(copy, "src/features", folder), { recursive: true });
  for (const file of files) {
    const path = join(copy, file);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, lines.filter((line) => !words.test(line)).join("\n"));
  }
}

test("A feature is removed by its folder, its line in app/features and its line among the blocks: the rest compiles", () => {
  for (const name of ["src", "package.json", "tsconfig.json"])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  writeFileSync(
    join(copy, "tsconfig.json"),
    readFileSync(join(copy, "tsconfig.json"), "utf8").replace(/"include": *\[[^\]]*\]/, '"include": ["src"]'),
  );
  without("hints", /hints|SpellingHints/, ["src/app/features.ts"]);
  without("forward", /new Forward|features\/forward|forwardKeys/, ["src/app/features.ts", "src/app/config/blocks.ts"]);
  const tsc = Bun.spawnSync([join(root, "node_modules/.bin/tsc"), "--noEmit", "-p", copy]);
  expect(tsc.stdout.toString() + tsc.stderr.toString()).toBe("");
});
