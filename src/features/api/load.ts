import type { SystemLoad } from "../../io/os/system-load.ts";
import type { ApiContext } from "./context.ts";

/** The system is asked at most this often, ms. */
const FRESH_MS = 1000;
/** Shares of processors are of this time at least, ms. */
const WINDOW_MS = 5000;

/** The load of the process and the machine, and what share of processors both use: of one, where 1 is all of it. */
export class Load {
  readonly #context: Pick<ApiContext, "clock" | "systemLoad">;
  #now: { readonly at: number; readonly load: SystemLoad };
  #before: { readonly at: number; readonly load: SystemLoad };

  constructor(context: Pick<ApiContext, "clock" | "systemLoad">) {
    this.#context = context;
    this.#now = { at: context.clock.now(), load: context.systemLoad() };
    this.#before = this.#now;
  }

  /** No older than a second. */
  get current(): SystemLoad {
    const { clock, systemLoad } = this.#context;
    const at = clock.now();
    if (at - this.#now.at >= FRESH_MS) {
      if (this.#now.at - this.#before.at >= WINDOW_MS) this.#before = this.#now;
      this.#now = { at, load: systemLoad() };
    }
    return this.#now.load;
  }

  /** When `current` was read, monotonic ms. */
  get readAt(): number {
    return this.#now.at;
  }

  /** What disks do: bytes a second, and the share of its time for which the busiest one was busy. */
  get disks(): { readonly read: number; readonly written: number; readonly busyShare: number } {
    const { disks } = this.current.system;
    const before = this.#before.load.system.disks;
    const ms = this.#now.at - this.#before.at;
    if (ms === 0) return { read: 0, written: 0, busyShare: 0 };
    const rate = (value: number, then: number) => (1000 * Math.max(0, value - then)) / ms;
    const busy = [...disks.busyMs].map(([name, busyMs]) => busyMs - (before.busyMs.get(name) ?? busyMs));
    return {
      read: rate(disks.readBytes, before.readBytes),
      written: rate(disks.writtenBytes, before.writtenBytes),
      busyShare: Math.min(1, Math.max(0, ...busy) / ms),
    };
  }

  /** Of one processor, by this process. */
  get processShare(): number {
    const { process } = this.current;
    const seconds = (this.#now.at - this.#before.at) / 1000;
    return seconds === 0 ? 0 : Math.max(0, process.cpuSeconds - this.#before.load.process.cpuSeconds) / seconds;
  }

  /** Of all processors, by everything. */
  get systemShare(): number {
    const { system } = this.current;
    const all = system.allTicks - this.#before.load.system.allTicks;
    return all <= 0 ? 0 : (system.busyTicks - this.#before.load.system.busyTicks) / all;
  }
}
