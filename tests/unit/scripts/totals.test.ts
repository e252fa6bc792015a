import { describe, expect, test } from "bun:test";
import { addedUp, failuresIn, fileTimes, readTotals, showSlowest, showTotals } from "../../../scripts/totals.ts";

const closing = [" 7 pass", " 1 skip", " 1 todo", " 2 fail", " 1 error", " 4 expect() calls"];
const ran = "Ran 11 tests across 2 files. [139.00ms]";

test("the totals of several runs are added up", () => {
  const run = { passed: 7, failed: 1, skipped: 2 };
  expect(addedUp([run, { passed: 3, failed: 0, skipped: 0 }])).toEqual({ passed: 10, failed: 1, skipped: 2 });
});

test("the slowest files are listed by the report of a run, each once though its groups are in it, too", () => {
  const suite = (name: string, file: string, time: string) =>
    `<testsuite name="${name}" file="${file}" tests="2" assertions="0" failures="0" skipped="0" time="${time}" hostname="h">`;
  const report = [
    suite("tests/e2e/a.test.ts", "tests/e2e/a.test.ts", "1.25"),
    suite("a group", "tests/e2e/a.test.ts", "9"),
    suite("tests/e2e/b.test.ts", "tests/e2e/b.test.ts", "12.04"),
    suite("tests/e2e/c.test.ts", "tests/e2e/c.test.ts", "0.5"),
  ];
  const times = fileTimes(report.join("\n"));
  expect(times.map(({ seconds }) => seconds)).toEqual([1.25, 12.04, 0.5]);
  expect(showSlowest(times, 2).replace(/ +/g, " ")).toBe(" tests/e2e/b.test.ts 12.0 s\n tests/e2e/a.test.ts 1.3 s");
});

describe("readTotals", () => {
  test("reads passed, failed and skipped, todo among the skipped", () => {
    const output = [...closing, ran, ""].join("\n");
    expect(readTotals(output, 1)).toEqual({ passed: 7, failed: 2, skipped: 2, complete: true });
  });

  test("counts a run without closing lines as one failed, whatever its exit status", () => {
    const failed = { passed: 0, failed: 1, skipped: 0, complete: false };
    expect(readTotals("bun test v1.4.5\n\na.test.ts:\n", 0)).toEqual(failed);
    expect(readTotals("", 134)).toEqual(failed);
  });

  test("counts a bad exit status that no line explains as one failed", () => {
    expect(readTotals(` 3 pass\n 0 fail\nRan 3 tests across 1 file. [1.00ms]\n`, 1).failed).toBe(1);
  });

  test("counts files that did not load even when no test failed", () => {
    const output = " 3 pass\n 0 fail\n 2 errors\nRan 3 tests across 3 files. [1.00ms]\n";
    expect(readTotals(output, 1).failed).toBe(2);
  });

  test("ignores totals that tests print", () => {
    const output = ["Ran 99 tests across 9 files.", " 50 fail", "(fail) x", "", " 1 pass", " 0 fail", ran].join("\n");
    expect(readTotals(output, 0)).toEqual({ passed: 1, failed: 0, skipped: 0, complete: true });
  });
});

test("showTotals names the skipped only when there are any", () => {
  expect(showTotals({ passed: 7, failed: 2, skipped: 1 })).toBe("7 passed, 2 failed, 1 skipped");
  expect(showTotals({ passed: 7, failed: 0, skipped: 0 })).toBe("7 passed, 0 failed");
});

test("failuresIn leaves out the tests that passed, and the files of which all did", () => {
  const run = [
    ...["bun test v1.4.5", "", "a.test.ts:", "(pass) one [1.00ms]", "", "b.test.ts:", "(pass) two", "(skip) three"],
    ...["what a test printed", "error: no", "(fail) four [1.00ms]", "", "c.test.ts:", "(todo) five", "", " 1 fail"],
  ];
  expect(failuresIn(run.join("\n")).split("\n")).toEqual([
    ...["bun test v1.4.5", "b.test.ts:", "what a test printed", "error: no", "(fail) four [1.00ms]"],
    ...["c.test.ts:", "", " 1 fail"],
  ]);
});
