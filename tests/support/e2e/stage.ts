import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program, type ProgramOptions } from "./program.ts";

/** All that one test starts; it ends with the test: `await using stage = new Stage()`. */
export class Stage implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "srs-e2e-"));
  readonly #programs: Program[] = [];
  readonly #deferred: (() => unknown)[] = [];

  start(name: string, command: readonly string[], options?: ProgramOptions): Program {
    const program = new Program(name, command, this.path(`.program-${this.#programs.length}`), options);
    this.#programs.push(program);
    return program;
  }

  /** Runs at the end of the test. */
  defer(run: () => unknown): void {
    this.#deferred.push(run);
  }

  /** A path in the test's own directory. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file into the test's own directory; its path. */
  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#deferred.toReversed()) await run();
    await Promise.all(this.#programs.map((program) => program.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
