import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Systemd } from "../io/os/systemd.ts";

/** Limit on a status line, which people read for one unit. */
const MAX_STATUS = 500;

/** Notifies systemd of the server's state. */
export class Service {
  readonly #systemd: Systemd;
  /** Another process notifies systemd for the unit. */
  #retired = false;
  /** The last status sent to systemd. */
  #status = "";

  /** The watchdog is answered from `clock`, on the event loop and nowhere else: a blocked loop counts as failed. */
  constructor(systemd: Systemd, clock: Clock, log: Log) {
    this.#systemd = systemd;
    const { problem, watchdogMs } = systemd;
    if (problem !== undefined) log.warn("systemd waits for a notification that can't be sent", { reason: problem });
    if (watchdogMs === undefined) return;
    clock.every(watchdogMs / 2, () => this.#notify("WATCHDOG=1"));
    log.debug("systemd watches this process", { watchdog_ms: watchdogMs });
  }

  /** The server listens, for the first time or after a reload; `status` is one line about it. */
  ready(status: string): void {
    this.#notify("READY=1", this.#statusLine(status));
  }

  /** Sends the status to systemd, unless it is unchanged. */
  status(status: string): void {
    const before = this.#status;
    const line = this.#statusLine(status);
    if (line !== before) this.#notify(line);
  }

  /** Runs a reload, and notifies systemd before and after. */
  reload<R extends { readonly ok: boolean }>(run: () => R): R {
    this.#reloading("reloading");
    const result = run();
    this.ready(result.ok ? "reloaded" : "reload refused, all goes on as before");
    return result;
  }

  /** Runs the start of the new process; after a success, `succeededBy` reports that process. */
  async upgrade<R extends { readonly ok: boolean }>(run: () => Promise<R>): Promise<R> {
    this.#reloading("upgrading");
    const result = await run();
    if (!result.ok) this.ready("upgrade refused, all goes on as before");
    return result;
  }

  stopping(): void {
    this.#notify("STOPPING=1", this.#statusLine("stopping"));
  }

  /** Another process is the server from now on, and notifies systemd for the unit. */
  succeededBy(pid: number): void {
    this.#notify("READY=1", `MAINPID=${pid}`, this.#statusLine("upgraded"));
    this.#retired = true;
  }

  #reloading(status: string): void {
    this.#notify("RELOADING=1", this.#systemd.monotonic(), this.#statusLine(status));
  }

  #notify(...lines: readonly string[]): void {
    if (!this.#retired) this.#systemd.notify(...lines);
  }

  #statusLine(status: string): string {
    this.#status = `STATUS=${status.replaceAll("\n", " ").slice(0, MAX_STATUS)}`;
    return this.#status;
  }
}
