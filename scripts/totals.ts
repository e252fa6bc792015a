/** How many tests ended how. A failed step of the gate counts as one failed. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Reads what `bun test` says in its closing lines. A run that did not get there (a test called process.exit, a crash)
 * counts as one failed, and so does a bad exit status that no closing line explains.
 */
export function readTotals(output: string, exitCode: number): Totals & { complete: boolean } {
  const lines = output.trimEnd().split("\n");
  const end = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line));
  if (end < 0) return { passed: 0, failed: 1, skipped: 0, complete: false };
  const counts = new Map<string, number>();
  for (let at = end - 1; at >= 0; at--) {
    const match = /^\s*(\d+) ([a-z]+)/.exec(lines[at] ?? "");
    if (match === null) break; // above are the tests' own lines
    counts.set((match[2] ?? "").replace(/s$/, ""), Number(match[1]));
  }
  const count = (word: string): number => counts.get(word.replace(/s$/, "")) ?? 0;
  // Bun counts a file that does not load in "fail" as well as in "error".
  const failed = Math.max(count("fail"), count("error"), exitCode === 0 ? 0 : 1);
  return { passed: count("pass"), failed, skipped: count("skip") + count("todo"), complete: true };
}

/** Several runs as one. */
export function addedUp(runs: readonly Totals[]): Totals {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of runs) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** "7 passed, 2 failed, 1 skipped"; the last part only when there are any. */
export function showTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** What `bun test` printed of files with a failure: without the lines of tests that passed or were skipped. */
export function failuresIn(output: string): string {
  const kept: string[] = [];
  for (const line of output.split("\n")) {
    if (/^\((pass|skip|todo)\) /.test(line)) continue;
    // The heading before, with nothing below it, is of a file without a failure.
    while (isHeading(line) && (kept.at(-1) === "" || isHeading(kept.at(-1) ?? "")) && kept.length > 0) kept.pop();
    kept.push(line);
  }
  return kept.join("\n");
}

function isHeading(line: string): boolean {
  return /^\S+\.test\.ts:$/.test(line);
}

/** How long a file of tests took. */
export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

/** The time of each file, from the JUnit report of a run. */
export function fileTimes(report: string): FileTime[] {
  // A group of tests is a suite, too, with a name of its own.
  const suites = report.matchAll(/<testsuite name="([^"]+)" file="\1"[^>]* time="([\d.]+)"/g);
  return Array.from(suites, ([, file = "", seconds]) => ({ file, seconds: Number(seconds) }));
}

/** The slowest files with their seconds, one a line. */
export function showSlowest(times: readonly FileTime[], count: number): string {
  const slowest = [...times].sort((a, b) => b.seconds - a.seconds).slice(0, count);
  return slowest.map(({ file, seconds }) => `  ${file.padEnd(46)}${seconds.toFixed(1).padStart(6)} s`).join("\n");
}
