import { readFileSync } from "node:fs";
import { WAIT_LIMIT_MS } from "../limits.ts";
import { OutputFile } from "./output-file.ts";
import { until, within } from "./wait.ts";

/** Lines of a server's log that tell of something wrong; not of its streams' health, as a busy machine's encoders pause. */
export const COMPLAINT = /WARN(?!.*stream is unhealthy)|ERROR/;

/** Lines of a program that an error message repeats. */
const shownLines = 40;
/** With this set, every line of every program is shown as it comes. */
const verbose = process.env.E2E_VERBOSE !== undefined;

/** The test's own variables, without those of its runtime, which a server warns of. */
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:BUN|NODE)_/.test(name)));

/** How a program is started. */
export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** It gets these as its descriptors from 3 on. */
  readonly descriptors?: readonly number[];
}

/** One process that a test started, with all the lines it has printed so far (both outputs). */
export class Program {
  readonly name: string;
  readonly #lines: string[] = [];
  readonly #child: Bun.Subprocess<"pipe", number, number>;
  readonly #outputs: readonly [OutputFile, OutputFile];

  /** `outputs` is the beginning of a path of its own. */
  constructor(name: string, command: readonly string[], outputs: string, options: ProgramOptions = {}) {
    const { cwd, env, descriptors = [] } = options;
    const [out, err] = [new OutputFile(`${outputs}.out`), new OutputFile(`${outputs}.err`)];
    this.name = name;
    this.#outputs = [out, err];
    this.#child = Bun.spawn([...command], {
      stdio: ["pipe", out.descriptor, err.descriptor, ...descriptors],
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...inherited, NO_COLOR: "1", ...env },
    });
  }

  /** All lines that it has printed so far. */
  get lines(): readonly string[] {
    this.#read(false);
    return this.#lines;
  }

  #read(end: boolean): void {
    const take = (line: string): void => {
      this.#lines.push(line);
      if (verbose) process.stderr.write(`${this.name} | ${line}\n`);
    };
    for (const output of this.#outputs) output.read(take, end);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first line that matches, of all that came or will come; fails when the program ends without it. */
  async line(pattern: RegExp, limitMs = WAIT_LIMIT_MS): Promise<string> {
    return until(
      `${this.name} says ${pattern}`,
      () => {
        const found = this.lines.find((line) => pattern.test(line));
        if (found === undefined && !this.running)
          throw new Error(`${this.name} ended without ${pattern}\n${this.tail()}`);
        return found;
      },
      limitMs,
      () => this.tail(),
    );
  }

  /** How many lines match so far. */
  count(pattern: RegExp): number {
    return this.lines.reduce((sum, line) => sum + (pattern.test(line) ? 1 : 0), 0);
  }

  /** Waits for the end, its last lines included; the exit code, or the signal's name. */
  async ended(limitMs = WAIT_LIMIT_MS): Promise<number | string> {
    await within(`${this.name} ends`, this.#child.exited, limitMs, () => this.tail());
    this.#read(true);
    return this.#child.signalCode ?? this.#child.exitCode ?? -1;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Stops it until `run` is done: an encoder waits for all who have to join. Its server has `patience`. */
  async whileStopped(run: () => Promise<unknown>): Promise<void> {
    this.signal("SIGSTOP");
    await run();
    this.signal("SIGCONT");
  }

  /** SIGKILL, also when it is stopped; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#child.exited;
    this.#read(true);
    for (const output of this.#outputs) output.close();
  }

  /** Writes to its standard input. */
  say(text: string): void {
    this.#child.stdin.write(text);
    this.#child.stdin.flush();
  }

  /** Resident memory, MB. */
  rss(): number {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"));
    return Number(line?.[1]) / 1024;
  }

  /** Processor time used so far, seconds. */
  cpu(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Fields 14 and 15 of proc(5), in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Its last lines, for error messages. */
  tail(): string {
    return `--- the last lines of ${this.name}\n${this.lines.slice(-shownLines).join("\n")}`;
  }
}
