// Several processes under one roof: one prefixed log, all up or all down.
import { eachLine, listening } from "./child-lines.ts";

/** One process of the cluster. */
export interface Member {
  name: string;
  command: readonly string[];
}

/** What a cluster is given. `print` gets whole lines. */
export interface ClusterOptions {
  members: readonly Member[];
  print(line: string): void;
  /** Runs once, when every member has said that it is listening. */
  onReady(): void;
  /** How long a member may take to stop before it is killed. */
  graceMs?: number;
}

/** A process whose lines are printed. `ended` resolves to its exit status once its last line is out. */
export interface Child {
  process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  ended: Promise<number>;
}

const lastLinesMs = 500;

/** A line of the common log; names are padded to one width. */
export function prefixed(name: string, line: string): string {
  return `${name.padEnd(6)} | ${line}`;
}

/** An environment without the variables that would change servers' configurations: each has its file. */
function withoutSrsVariables<T>(environment: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("SRS_")));
}

/**
 * Starts `command` in a process group of its own, so that a Ctrl-C at the terminal reaches only us, and prints its lines
 * under `name`. `onLine` sees each of them first. Variables named SRS_… are left out of its environment.
 */
export function startChild(
  { name, command }: Member,
  print: (line: string) => void,
  onLine?: (line: string) => void,
): Child {
  const env = withoutSrsVariables(globalThis.process.env);
  const process = Bun.spawn([...command], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true });
  const show = (line: string): void => {
    print(prefixed(name, line));
    onLine?.(line);
  };
  const drained = Promise.all([eachLine(process.stdout, show), eachLine(process.stderr, show)]);
  return { process, ended: drained.then(() => process.exited) };
}

/** SIGTERM, then SIGKILL after `graceMs`. Resolves to whether it stopped by itself with status 0. */
export async function stopChild({ process, ended }: Child, graceMs: number): Promise<boolean> {
  process.kill("SIGTERM");
  const kill = setTimeout(() => process.kill("SIGKILL"), graceMs);
  const status = await process.exited;
  clearTimeout(kill);
  await Promise.race([ended, Bun.sleep(lastLinesMs)]); // somebody else may hold its output open
  return status === 0;
}

/** "with status 1", "by SIGKILL": how a process that is no more came to its end. */
function howItEnded({ exitCode, signalCode }: Child["process"]): string {
  return signalCode === null ? `with status ${exitCode}` : `by ${signalCode}`;
}

/** Runs its members until `stop`, or until one of them ends, which ends the others. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #children = new Map<string, Child>();
  readonly #done = Promise.withResolvers<number>();
  readonly #waitingFor: Set<string>;
  #stopping = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#waitingFor = new Set(options.members.map((member) => member.name));
    for (const member of options.members) this.#start(member);
  }

  /** Resolves when all members have ended: 0 after a clean `stop`, 1 when one died or had to be killed. */
  get ended(): Promise<number> {
    return this.#done.promise;
  }

  /** Stops every member; calling it again changes nothing. */
  stop(): void {
    if (!this.#stopping) void this.#stop(0);
  }

  #start(member: Member): void {
    const child = startChild(member, this.#options.print, (line) => {
      if (listening.test(line)) this.#isUp(member.name);
    });
    this.#children.set(member.name, child);
    void child.ended.then(() => {
      this.#children.delete(member.name);
      if (this.#stopping) return;
      this.#options.print(`${member.name} ended ${howItEnded(child.process)}; stopping the others`);
      void this.#stop(1);
    });
  }

  #isUp(name: string): void {
    if (this.#waitingFor.delete(name) && this.#waitingFor.size === 0 && !this.#stopping) this.#options.onReady();
  }

  async #stop(status: number): Promise<void> {
    this.#stopping = true;
    const graceMs = this.#options.graceMs ?? 5000;
    const stops = [...this.#children].map(async ([name, child]) => {
      // One that was not up yet may have had nothing to stop cleanly.
      const early = this.#waitingFor.has(name);
      if ((await stopChild(child, graceMs)) || (early && child.process.signalCode === "SIGTERM")) return true;
      this.#options.print(`${name} did not stop cleanly: it ended ${howItEnded(child.process)}`);
      return false;
    });
    const clean = (await Promise.all(stops)).every(Boolean);
    this.#done.resolve(clean ? status : 1);
  }
}
