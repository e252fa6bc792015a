/** What a program that has ended wrote. */
export interface ProgramResult {
  readonly ok: boolean;
  readonly output: string;
  /** Its error output; why it could not be started or was ended. */
  readonly error: string;
}

/** Most of a program's output that is kept, bytes. */
const MAX_OUTPUT = 1024 * 1024;

/** Runs a program without input to its end, or for `timeoutMs`. */
export async function runProgram(command: readonly string[], timeoutMs: number): Promise<ProgramResult> {
  try {
    const program = Bun.spawn([...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const [output, error, code] = await Promise.all([text(program.stdout), text(program.stderr), program.exited]);
    const late = program.signalCode === "SIGKILL" ? `it did not end within ${timeoutMs / 1000} s\n` : "";
    return { ok: code === 0, output, error: late + error };
  } catch (error) {
    return { ok: false, output: "", error: error instanceof Error ? error.message : String(error) };
  }
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let whole = "";
  for await (const bytes of stream) if (whole.length < MAX_OUTPUT) whole += decoder.decode(bytes, { stream: true });
  return whole;
}
