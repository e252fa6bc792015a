// How far a step of the gate is, said while it runs.

/** Longer than this nobody who watches the gate is left without a line, ms. */
const TELL_EVERY_MS = 5_000;

/** Prints how far `work` is every five seconds until it ends, as "  e2e, 35 s: 3 of 31 files". */
export async function tellProgress<T>(
  name: string,
  work: Promise<T>,
  howFar: () => string | Promise<string>,
  print: (line: string) => void = console.log,
  everyMs = TELL_EVERY_MS,
): Promise<T> {
  const began = performance.now();
  let over = false;
  const tell = async (): Promise<void> => {
    const state = await howFar();
    if (!over) print(`  ${name}, ${Math.round((performance.now() - began) / 1000)} s: ${state}`);
  };
  const timer = setInterval(() => void tell(), everyMs);
  try {
    return await work;
  } finally {
    over = true;
    clearInterval(timer);
  }
}

/** How far a run of `bun test` over `files` files is, by what it has printed so far. */
export function testProgress(output: string, files: number): string {
  const lines = output.split("\n");
  const begun = lines.flatMap((line) => /^(\S+\.test\.ts):$/.exec(line)?.[1] ?? []);
  const ended = (word: string): number => lines.reduce((sum, line) => sum + (line.startsWith(`(${word}) `) ? 1 : 0), 0);
  const file = begun.at(-1);
  const [passed, failed] = [ended("pass"), ended("fail")];
  const where = file === undefined ? "" : `, now ${file}`;
  return `${Math.max(0, begun.length - 1)} of ${files} files, ${passed} tests passed, ${failed} failed${where}`;
}

/** What a program has said last, for one whose output tells how far it is. */
export function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
