import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/*
 * cgroup v2 lets only groups without groups of their own have processes:
 *
 *   the service's group (delegated)
 *   ├── srs.server     this process, and those that replace it
 *   └── srs.programs   programs that it starts; cpu.max
 */
const SERVER = "srs.server";
const PROGRAMS = "srs.programs";
const PERIOD_US = 100_000;
const DELEGATE = "under systemd, write Delegate=cpu and ProtectControlGroups=no into the unit";

/** Limits the processor time that programs have together. */
export interface CpuLimit {
  /** Limits them to this much of one core, %; 0 is no limit. Returns why it can't. */
  limit(percent: number): string | undefined;
  /** Puts a program under the limit, with the programs that it starts. */
  add(pid: number): void;
}

/** A control group of the kernel (cgroup v2) beside this process, made when it is needed. */
export class CpuGroup implements CpuLimit {
  readonly #root: string;
  readonly #self: string;
  #programs: string | undefined;

  /** `root` is where cgroup v2 is mounted; `self` names this process's group. */
  constructor(root = "/sys/fs/cgroup", self = "/proc/self/cgroup") {
    this.#root = root;
    this.#self = self;
  }

  limit(percent: number): string | undefined {
    if (percent === 0 && this.#programs === undefined) return undefined;
    try {
      this.#programs ??= this.#make();
      const quota = percent === 0 ? "max" : String((percent * PERIOD_US) / 100);
      writeFileSync(join(this.#programs, "cpu.max"), `${quota} ${PERIOD_US}`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  add(pid: number): void {
    if (this.#programs === undefined) return;
    try {
      writeFileSync(join(this.#programs, "cgroup.procs"), String(pid));
    } catch {
      // It has ended already.
    }
  }

  #make(): string {
    const path = /^0::(\/.*)$/m.exec(readText(this.#self) ?? "")?.[1];
    const own = join(this.#root, path ?? "");
    const controllers = path === undefined ? undefined : readText(join(own, "cgroup.controllers"));
    if (controllers === undefined) throw new Error("this system has no cgroup v2 here; limit the whole server instead");
    if (!/\bcpu\b/.test(controllers))
      throw new Error(`this process's control group has no cpu controller; ${DELEGATE}`);
    const base = basename(own) === SERVER ? dirname(own) : own;
    try {
      for (const name of [SERVER, PROGRAMS]) mkdirSync(join(base, name), { recursive: true });
      writeFileSync(join(base, SERVER, "cgroup.procs"), String(process.pid));
      writeFileSync(join(base, "cgroup.subtree_control"), "+cpu");
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : error;
      throw new Error(`${base} can't be changed (${code}); ${DELEGATE}`, { cause: error });
    }
    return join(base, PROGRAMS);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
