import type { Result } from "./harness.ts";

const HEAD = ["benchmark", "ns/op", "best", "±", "MB/s", "op"] as const;
/** Columns with words; the others have numbers and are aligned to the right. */
const WORDS: readonly number[] = [0, 5];

/** The results as lines of a plain table, the head first. */
export function table(results: readonly Result[]): string[] {
  const rows = [HEAD, ...results.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        WORDS.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

function cells({ name, op, nsPerOp, bestNsPerOp, spread, mbPerSecond }: Result): string[] {
  const rate = mbPerSecond === undefined ? "-" : number(mbPerSecond);
  return [name, number(nsPerOp), number(bestNsPerOp), `${(spread * 100).toFixed(0)} %`, rate, op];
}

/** A number with decimals only if it is below 100, and with commas between thousands. */
function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}
