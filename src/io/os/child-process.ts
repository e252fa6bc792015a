import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import type { Readable } from "node:stream";

/** From SIGTERM to SIGKILL. */
const TERM_MS = 2000;
/** After its exit, a program's children may hold its outputs open for this long. */
const CLOSE_MS = 500;
/** A program that floods its error output is read this much of it in each period, and then waits. */
const MAX_ERROR_BYTES = 1024 * 1024;
const ERROR_PERIOD_MS = 1000;
/** A program's oom_score_adj: short of memory, the kernel ends it sooner than this process and than others on the machine. */
const OOM_SCORE = 500;
/** Longest line of its error output that is passed on; the rest of the line is dropped. */
const MAX_LINE = 1000;

/** What a program is started with. */
export interface ChildOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Pipes that it writes: the first is its standard output (`pipe:1`), the others are `pipe:3`, `pipe:4`. */
  readonly outputs: number;
  /** Its niceness, 0 to 19: with a higher one, other processes go first. */
  readonly nice: number;
}

/** Notifications for the owner of a program. */
export interface ChildEvents {
  /** Bytes of an output, counted from 0; they belong to the receiver. */
  output(index: number, bytes: Uint8Array): void;
  /** A line of its error output, at most 1000 characters. */
  errorLine(line: string): void;
  /** Its standard input accepts more bytes. */
  drained(): void;
  /** It has ended, or could not be started; called once, after its last output. */
  exited(reason: string, code: number | undefined): void;
}

/** A program that runs. */
export interface Child {
  readonly pid: number | undefined;
  /** Queues all of `bytes` for its standard input, which may keep them; false: no more before `drained`. */
  write(bytes: Uint8Array): boolean;
  /** No more input follows. */
  endInput(): void;
  /** Asks it to end (SIGTERM), and kills it when it does not. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a program and notifies its owner. */
export type StartChild = (options: ChildOptions, events: ChildEvents) => Child;

/**
 * Starts a program with pipes, in a process group of its own. It ends with this process, however that ends: the kernel
 * kills it where setpriv (util-linux) can ask for it, and its pipes are closed.
 */
export const startChild: StartChild = (options, events) => new PipedChild(options, events);

class PipedChild implements Child {
  readonly #events: ChildEvents;
  readonly #process: ChildProcess;
  readonly #outputs: Readable[] = [];
  #inputEnded = false;
  #exited = false;
  #over = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #line = "";
  /** Bytes of its error output in this period. */
  #errorBytes = 0;
  #errorSince = Number.NEGATIVE_INFINITY;
  #errorPause: ReturnType<typeof setTimeout> | undefined;

  constructor({ command, outputs, nice }: ChildOptions, events: ChildEvents) {
    this.#events = events;
    const [program = "", ...args] = [...deathWithParent(), ...command];
    const more = Array.from({ length: outputs - 1 }, () => "pipe" as const);
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe", ...more], detached: true });
    const { pid } = this.#process;
    if (pid !== undefined) {
      if (nice > 0) lowerPriority(pid, nice);
      offerToOomKiller(pid);
    }
    this.#process.on("error", (error) => this.#end(error.message, undefined));
    this.#process.on("exit", (code, signal) => this.#onExit(code, signal));
    this.#process.on("close", (code, signal) => this.#end(reasonOf(code, signal), code ?? undefined));
    const [input, first, error, ...others] = this.#process.stdio;
    // The program may end before it has read everything.
    input?.on("error", () => undefined);
    input?.on("drain", () => {
      if (!this.#over) events.drained();
    });
    // They are pipes, or missing when the program could not be started.
    for (const [index, output] of [first, ...others].entries()) if (output) this.#read(index, output as Readable);
    if (error) this.#readError(error as Readable);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#inputEnded || this.#exited) return true;
    return this.#process.stdin?.write(bytes) ?? true;
  }

  endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#process.stdin?.end();
  }

  stop(): void {
    if (this.#exited || this.#timer !== undefined) return;
    this.#signal("SIGTERM");
    this.#timer = setTimeout(() => this.kill(), TERM_MS);
  }

  kill(): void {
    if (!this.#exited) this.#signal("SIGKILL");
  }

  #read(index: number, output: Readable): void {
    this.#outputs.push(output);
    output.on("error", () => undefined);
    output.on("data", (bytes: Uint8Array) => {
      if (!this.#over) this.#events.output(index, bytes);
    });
  }

  #readError(error: Readable): void {
    error.on("error", () => undefined);
    error.on("data", (bytes: Uint8Array) => {
      const now = performance.now();
      if (now - this.#errorSince >= ERROR_PERIOD_MS) {
        this.#errorSince = now;
        this.#errorBytes = 0;
      }
      this.#errorBytes += bytes.length;
      this.#onError(bytes);
      if (this.#errorBytes < MAX_ERROR_BYTES || this.#exited) return;
      error.pause();
      this.#errorPause = setTimeout(() => error.resume(), this.#errorSince + ERROR_PERIOD_MS - now);
    });
  }

  /** Signals the whole process group: a program may have children of its own. */
  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#process.kill(signal);
    }
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#signal("SIGKILL");
    this.#exited = true;
    clearTimeout(this.#errorPause);
    // The pipe holds only a little more.
    this.#process.stderr?.resume();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const output of this.#outputs) output.destroy();
      this.#process.stderr?.destroy();
      this.#end(reasonOf(code, signal), code ?? undefined);
    }, CLOSE_MS);
  }

  #end(reason: string, code: number | undefined): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#errorPause);
    this.#exited = true;
    if (this.#line !== "") this.#events.errorLine(this.#line);
    this.#over = true;
    this.#process.stdin?.destroy();
    this.#events.exited(reason, code);
  }

  #onError(bytes: Uint8Array): void {
    if (this.#over) return;
    // Carriage returns separate lines of progress, which programs overwrite.
    const lines = new TextDecoder().decode(bytes).split(/[\r\n]/);
    for (const [at, part] of lines.entries()) {
      if (this.#line.length < MAX_LINE) this.#line += part.slice(0, MAX_LINE - this.#line.length);
      if (at === lines.length - 1) return;
      if (this.#line !== "") this.#events.errorLine(this.#line);
      this.#line = "";
    }
  }
}

function reasonOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
}

/** Threads that it starts later inherit the priority. */
function lowerPriority(pid: number, nice: number): void {
  try {
    setPriority(pid, Math.min(nice, constants.priority.PRIORITY_LOW));
  } catch {
    // It has ended already.
  }
}

/** Raises its score, as it inherits this process's score, which a service lowers for itself. Raising needs no right. */
function offerToOomKiller(pid: number): void {
  const path = `/proc/${pid}/oom_score_adj`;
  try {
    if (Number(readFileSync(path, "utf8")) < OOM_SCORE) writeFileSync(path, String(OOM_SCORE));
  } catch {
    // It has ended already, or the system has no such score.
  }
}

let prefix: readonly string[] | undefined;

/** The command that has the kernel kill a program with this process (PR_SET_PDEATHSIG); nothing where setpriv can't. */
function deathWithParent(): readonly string[] {
  if (prefix !== undefined) return prefix;
  const command = ["setpriv", "--pdeathsig", "KILL", "--"];
  const [program = "", ...args] = [...command, "true"];
  prefix = spawnSync(program, args, { stdio: "ignore" }).status === 0 ? command : [];
  return prefix;
}
