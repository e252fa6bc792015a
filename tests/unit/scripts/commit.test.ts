import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commitOf } from "../../../scripts/commit.ts";

const scratch = mkdtempSync(join(tmpdir(), "commit-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const ONE = "1".repeat(40);
const TWO = "2".repeat(40);

/** A folder that git does not take for a repository, with these files in `.git`. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(scratch, "of-"));
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, ".git", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\n`);
  }
  return folder;
}

describe("the commit of a folder without git's objects", () => {
  test("is that of the branch's own file, which is newer than packed-refs", () => {
    const packed = `# pack-refs with: peeled fully-peeled sorted\n${TWO} refs/heads/main\n${TWO} refs/heads/other`;
    const files = { HEAD: "ref: refs/heads/main", "packed-refs": packed };
    expect(commitOf(folderWith({ ...files, "refs/heads/main": ONE }))).toBe("1111111");
    expect(commitOf(folderWith(files))).toBe("2222222");
  });

  test("is HEAD's own, when no branch is checked out", () => {
    expect(commitOf(folderWith({ HEAD: ONE }))).toBe("1111111");
  });

  test("is unknown without .git, or when it names a branch that has no commit", () => {
    expect(commitOf(folderWith({}))).toBe("unknown");
    const other = `${TWO} refs/heads/a/main`;
    expect(commitOf(folderWith({ HEAD: "ref: refs/heads/main", "packed-refs": other }))).toBe("unknown");
  });
});

test("git's short commit has +dirty when a file differs from it", () => {
  const folder = folderWith({});
  const git = (...words: readonly string[]) =>
    Bun.spawnSync(["git", ...words], { cwd: folder })
      .stdout.toString()
      .trim();
  git("init", "--quiet");
  git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--allow-empty", "--message=one");
  const short = git("rev-parse", "--short", "HEAD");
  expect(short).toMatch(/^[0-9a-f]{7,}$/);
  expect(commitOf(folder)).toBe(short);
  writeFileSync(join(folder, "file"), "");
  expect(commitOf(folder)).toBe(`${short}+dirty`);
});
