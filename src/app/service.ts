import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Systemd } from "../io/os/systemd.ts";

/** A status line is for people who look at one unit; more of it than this is of no use. */
const MAX_STATUS = 500;

/** Keeps systemd informed of where the server stands. */
export class Service {
  readonly #systemd: Systemd;
  /** Another process speaks for the unit. */
  #retired = false;
  /** The status that systemd was told last. */
  #status = "";

  /** The watchdog is answered from `clock`, on the event loop and nowhere else: a loop that stands still is one that fails. */
  constructor(systemd: Systemd, clock: Clock, log: Log) {
    this.#systemd = systemd;
    const { problem, watchdogMs } = systemd;
    if (problem !== undefined) log.warn("systemd waits for a word and can't be told", { reason: problem });
    if (watchdogMs === undefined) return;
    clock.every(watchdogMs / 2, () => this.#notify("WATCHDOG=1"));
    log.debug("systemd watches this process", { watchdog_ms: watchdogMs });
  }

  /** The server listens, for the first time or after a reload; `status` is one line on it. */
  ready(status: string): void {
    this.#notify("READY=1", this.#statusLine(status));
  }

  /** Says where the server stands, unless systemd knows. */
  status(status: string): void {
    const before = this.#status;
    const line = this.#statusLine(status);
    if (line !== before) this.#notify(line);
  }

  /** Has `run` reload the configuration, with systemd informed before and after. */
  reload<R extends { readonly ok: boolean }>(run: () => R): R {
    this.#reloading("reloading");
    const result = run();
    this.ready(result.ok ? "reloaded" : "reload refused, all goes on as before");
    return result;
  }

  /** Has `run` start the next generation; when it succeeds, that one is told of by `succeededBy`. */
  async upgrade<R extends { readonly ok: boolean }>(run: () => Promise<R>): Promise<R> {
    this.#reloading("upgrading");
    const result = await run();
    if (!result.ok) this.ready("upgrade refused, all goes on as before");
    return result;
  }

  stopping(): void {
    this.#notify("STOPPING=1", this.#statusLine("stopping"));
  }

  /** Another process is the server from now on, and speaks for the unit. */
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
