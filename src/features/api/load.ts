import type { SystemLoad } from "../../io/os/system-load.ts";
import type { ApiContext } from "./context.ts";

/** The load is read at most this often, ms. */
const FRESH_MS = 1000;
/** Minimum time over which shares and rates are measured, ms. */
const WINDOW_MS = 5000;

/** The load of the process and the machine, and the shares of processor time that they use, where 1 is all of it. */
export class Load {
  readonly #context: Pick<ApiContext, "clock" | "systemLoad">;
  #now: { readonly at: number; readonly load: SystemLoad };
  #before: { readonly at: number; readonly load: SystemLoad };

  constructor(context: Pick<ApiContext, "clock" | "systemLoad">) {
    this.#context = context;
    this.#now = { at: context.clock.now(), load: context.systemLoad() };
    this.#before = this.#now;
  }

  /** The load, at most a second old. */
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

  /** The disks' use: bytes read and written per second, and the share of time for which the busiest disk was busy. */
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

  /** The share of one processor that this process uses. */
  get processShare(): number {
    const { process } = this.current;
    const seconds = (this.#now.at - this.#before.at) / 1000;
    return seconds === 0 ? 0 : Math.max(0, process.cpuSeconds - this.#before.load.process.cpuSeconds) / seconds;
  }

  /** The share of all processors that all processes use. */
  get systemShare(): number {
    const { system } = this.current;
    const all = system.allTicks - this.#before.load.system.allTicks;
    return all <= 0 ? 0 : (system.busyTicks - this.#before.load.system.busyTicks) / all;
  }
}
