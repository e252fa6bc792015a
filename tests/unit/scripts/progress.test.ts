import { expect, test } from "bun:test";
import { lastLine, showProgress, testProgress } from "../../../scripts/progress.ts";

test("a step shows its progress while it runs, and nothing afterwards", async () => {
  const lines: string[] = [];
  const work = Promise.withResolvers<number>();
  let asked = 0;
  const print = (line: string): void => {
    lines.push(line);
    if (lines.length === 3) work.resolve(7);
  };
  expect(await showProgress("e2e", work.promise, () => `${++asked} files`, print, 1)).toBe(7);
  expect(lines.map((line) => line.replace(/\d+ s/, "N s"))).toEqual([1, 2, 3].map((at) => `  e2e, N s: ${at} files`));
  const late = Promise.withResolvers<string>();
  const slow = showProgress("late", work.promise, () => late.promise, print, 1);
  await slow;
  late.resolve("too late");
  await late.promise;
  expect(lines).toHaveLength(3);
});

test("a step that fails shows no more progress, and its error is passed on", async () => {
  const failing = showProgress(
    "x",
    Promise.reject(new Error("broken")),
    () => "",
    () => undefined,
    1,
  );
  await expect(failing).rejects.toThrow("broken");
});

test("the progress of a test run is the number of files that have ended", () => {
  expect(testProgress("", 3)).toBe("0 of 3 files, 0 tests passed, 0 failed");
  const begun = ["bun test v1.4.5", "", "tests/a.test.ts:", "(pass) one [1.00ms]", "(pass) two [1.00ms]", ""];
  expect(testProgress(begun.join("\n"), 3)).toBe("0 of 3 files, 2 tests passed, 0 failed, now tests/a.test.ts");
  const second = [...begun, "tests/b.test.ts:", "(fail) three", "  ^ this test timed out", "(skip) four"];
  expect(testProgress(second.join("\n"), 3)).toBe("1 of 3 files, 2 tests passed, 1 failed, now tests/b.test.ts");
  const atOnce = [...second, "tests/c.test.ts:", "(pass) five", "tests/b.test.ts:", "(pass) six"];
  expect(testProgress(atOnce.join("\n"), 3, 2)).toBe("1 of 3 files, 4 tests passed, 1 failed, now tests/c.test.ts");
});

test("the last output of a program is its last line that is not empty", () => {
  expect(lastLine("Reading package lists...\nGet:1 nginx\n\n")).toBe("Get:1 nginx");
  expect(lastLine("")).toBe("");
});
