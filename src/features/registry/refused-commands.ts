import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Outage } from "../../relay/outage.ts";

/** A server that has refused nothing for this long accepts everything, ms: hints, which are retried least often, have been tried again. */
const QUIET_MS = 15_000;

/** What the registry's server refuses, as it is full, or as the user lacks a right: logged once for each sentence. */
export class RefusedCommands {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #outage: Outage;
  #problem: string | undefined;
  #timer: Timer | undefined;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#outage = new Outage(clock);
  }

  /** The server's last refusal, as a sentence; undefined while it accepts everything. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The server has refused a command. */
  add(registry: string, error: string): void {
    this.#problem = error;
    const told = this.#outage.failed(error);
    if (told !== undefined) this.#log.warn("registry refuses", { registry, error, ...(told === "new" ? {} : told) });
    this.#timer?.cancel();
    this.#timer = this.#clock.after(QUIET_MS, () => {
      this.clear();
      this.#log.info("registry refuses nothing more", { registry });
    });
  }

  /** The server is no longer used. */
  clear(): void {
    this.#timer?.cancel();
    this.#outage.end();
    this.#problem = undefined;
  }
}
