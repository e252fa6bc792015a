import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileProblem } from "../../../../src/io/files/file-problem.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "srs-files-"));
  writeFileSync(join(folder, "file"), "x");
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["read", "file", undefined],
  ["read", "none", "no such file"],
  ["read", ".", "it is a directory"],
  ["write", "file", undefined],
  ["write", "new", undefined],
  ["write", ".", "it is a directory"],
  ["folder", ".", undefined],
  ["folder", "file", "it is not a directory"],
  ["folder", "none", "no such file"],
  ["make", "a/b/new", undefined],
  ["make", "file/new", "no such file"],
] as const)("to %s %s: %p", (use, name, problem) => {
  expect(fileProblem(join(folder, name), use)).toBe(problem);
  expect(existsSync(join(folder, "a"))).toBe(false);
  expect(existsSync(join(folder, "new"))).toBe(false);
});

test("a file in a missing folder can be made with it, but not written", () => {
  expect(fileProblem(join(folder, "a/new"), "write")).toBe(`there is no directory ${join(folder, "a")}`);
});
