import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const copies: string[] = [];
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

/** A copy of the sources, in which the compiler and the program run. */
function copySources(): string {
  const copy = mkdtempSync(join(tmpdir(), "srs-features-"));
  copies.push(copy);
  for (const name of ["src", "package.json", "tsconfig.json"])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  edit(join(copy, "tsconfig.json"), (text) => text.replace(/"include": *\[[^\]]*\]/, '"include": ["src"]'));
  return copy;
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

/** The compiler's errors. */
function compile(copy: string): string {
  const tsc = Bun.spawnSync([join(root, "node_modules/.bin/tsc"), "--noEmit", "-p", copy]);
  return tsc.stdout.toString() + tsc.stderr.toString();
}

/** Everything but a feature's folder and the lines in `app/` that name it. */
function remove(copy: string, folder: string, words: RegExp, files: readonly string[]): void {
  rmSync(join(copy, "src/features", folder), { recursive: true });
  for (const file of files) {
    edit(join(copy, file), (text) => {
      return text
        .split("\n")
        .filter((line) => !words.test(line))
        .join("\n");
    });
  }
}

test("A feature is removed by its folder, its line in app/features and its line among the blocks: the rest compiles", () => {
  const copy = copySources();
  remove(copy, "hints", /hints|SpellingHints/, ["src/app/features.ts"]);
  remove(copy, "forward", /\bforward\b|new Forward|forwardKeys|forwardRootKeys|stateFile/, [
    "src/app/features.ts",
    "src/app/config/blocks.ts",
  ]);
  expect(compile(copy)).toBe("");
});

/** Refuses every publisher of a vhost. */
const closedSource = `import { flag } from "../../config/key.ts";
import type { Feature } from "../../live/ports/feature.ts";

export const closedKeys = { closed: flag({ default: false, doc: "No publishers.", reload: "live" }) } as const;

export const closed = (isClosed: (vhost: string) => boolean): Feature => ({
  name: "closed",
  guards: [
    {
      name: "closed",
      check({ action, name }) {
        return action === "publish" && isClosed(name.vhost) ? { kind: "denied", reason: "closed" } : undefined;
      },
    },
  ],
});
`;

test("A feature is added by its folder, a line in app/features and one among the blocks: it has its key", () => {
  const copy = copySources();
  mkdirSync(join(copy, "src/features/closed"));
  writeFileSync(join(copy, "src/features/closed/closed.ts"), closedSource);
  const from = (path: string, name: string) => `import { ${name} } from "${path}/features/closed/closed.ts";\n`;
  edit(join(copy, "src/app/features.ts"), (text) => {
    const line = "    closed((name) => vhost(name)?.closed ?? false),\n";
    return from("..", "closed") + text.replace("const list: readonly Feature[] = [\n", (found) => found + line);
  });
  edit(join(copy, "src/app/config/blocks.ts"), (text) => {
    return (
      from("../..", "closedKeys") + text.replace("    ...forwardKeys,\n", (found) => `${found}    ...closedKeys,\n`)
    );
  });
  expect(compile(copy)).toBe("");
  const file = join(copy, "closed.toml");
  for (const [value, exitCode] of [
    ["true", 0],
    ["5", 1],
  ] as const) {
    writeFileSync(file, `[vhost.__defaultVhost__]\nclosed = ${value}\n`);
    const check = Bun.spawnSync([process.execPath, join(copy, "src/cli/main.ts"), "check", "--conf", file]);
    expect([check.exitCode, check.stderr.toString().includes("closed")]).toEqual([exitCode, exitCode === 1]);
  }
});
