import { existsSync } from "node:fs";
import { startChild } from "./child-process.ts";

/** The result of a program that has ended. */
export interface ProgramResult {
  readonly ok: boolean;
  readonly output: string;
  /** Its error output, or why it could not be started or was ended. */
  readonly error: string;
}

/** Limit of the output, and of the error output, that is kept, characters. */
const MAX_OUTPUT = 1024 * 1024;

/** Runs a program without input to its end, or for `timeoutMs`. It ends with this process, and its children end with it. */
export function runProgram(command: readonly string[], timeoutMs: number): Promise<ProgramResult> {
  const problem = problemOf(command[0] ?? "");
  if (problem !== undefined) return Promise.resolve({ ok: false, output: "", error: problem });
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  const decoder = new TextDecoder();
  let [output, error, isLate] = ["", "", false];
  const child = startChild(
    { command, outputs: 1, nice: 0 },
    {
      output: (_index, bytes) => {
        if (output.length < MAX_OUTPUT) output += decoder.decode(bytes, { stream: true });
      },
      errorLine: (line) => {
        if (error.length < MAX_OUTPUT) error += `${line}\n`;
      },
      drained: () => undefined,
      exited: (reason, code) => {
        clearTimeout(timer);
        const late = isLate ? `it did not end within ${timeoutMs / 1000} s\n` : "";
        resolve({ ok: code === 0, output, error: late + (error || (code === 0 ? "" : reason)) });
      },
    },
  );
  child.endInput();
  const timer = setTimeout(() => {
    isLate = true;
    child.kill();
  }, timeoutMs);
  return promise;
}

function problemOf(program: string): string | undefined {
  if (Bun.which(program) !== null) return undefined;
  if (!program.includes("/")) return "there is no such program in PATH";
  return existsSync(program) ? "it is not executable" : "it does not exist";
}
