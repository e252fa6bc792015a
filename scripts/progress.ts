// The progress of a step of the gate, shown while it runs.

/** The time between two lines, ms. */
const SHOW_EVERY_MS = 5_000;

/** Prints how far `work` is every five seconds until it ends, as "  e2e, 35 s: 3 of 31 files". */
export async function showProgress<T>(
  name: string,
  work: Promise<T>,
  howFar: () => string | Promise<string>,
  print: (line: string) => void = console.log,
  everyMs = SHOW_EVERY_MS,
): Promise<T> {
  const began = performance.now();
  let over = false;
  const show = async (): Promise<void> => {
    const state = await howFar();
    if (!over) print(`  ${name}, ${Math.round((performance.now() - began) / 1000)} s: ${state}`);
  };
  const timer = setInterval(() => void show(), everyMs);
  try {
    return await work;
  } finally {
    over = true;
    clearInterval(timer);
  }
}

/** How far a run of `bun test` over `files` files, `atOnce` of them at a time, is by what it has printed so far. */
export function testProgress(output: string, files: number, atOnce = 1): string {
  const lines = output.split("\n");
  // A file's name stands above each of its pieces when files run at once.
  const begun = new Set(lines.flatMap((line) => /^(\S+\.test\.ts):$/.exec(line)?.[1] ?? []));
  const ended = (word: string): number => lines.reduce((sum, line) => sum + (line.startsWith(`(${word}) `) ? 1 : 0), 0);
  const file = [...begun].at(-1);
  const [passed, failed] = [ended("pass"), ended("fail")];
  const where = file === undefined ? "" : `, now ${file}`;
  return `${Math.max(0, begun.size - atOnce)} of ${files} files, ${passed} tests passed, ${failed} failed${where}`;
}

/** The last line of output, for programs that print their progress. */
export function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
