import type { Clock, Timer } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

const PERIOD_MS = 60_000;

/** Something made from files that other programs renew, such as certificates. */
export interface Reloadable {
  /** Whether a file differs from the one that was read. */
  readonly outdated: boolean;
  /** Reads the files again; throws UserError, one line for each mistake, and then nothing changes. */
  renew(): void;
  /** Warnings for the operator; `now` is ms since 1970. */
  warnings(now: number): readonly string[];
}

/** Loads renewed certificates without a reload: certbot and the like need no hook. */
export class CertificateReloader {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: ReadonlyMap<string, Reloadable>;
  readonly #timer: Timer;

  /** `parts` by their names in the log. */
  constructor(clock: Clock, log: Log, parts: ReadonlyMap<string, Reloadable>) {
    this.#clock = clock;
    this.#log = log;
    this.#parts = parts;
    this.#timer = clock.every(PERIOD_MS, () => this.check());
  }

  /** Checks the files now, and reads changed ones. */
  check(): void {
    for (const [name, part] of this.#parts) if (part.outdated) this.#renew(name, part);
  }

  /** Logs the warnings about the files in use. */
  logWarnings(): void {
    for (const part of this.#parts.values()) for (const line of part.warnings(this.#clock.wall())) this.#log.warn(line);
  }

  stop(): void {
    this.#timer.cancel();
  }

  #renew(name: string, part: Reloadable): void {
    try {
      part.renew();
      this.#log.info(`${name} renewed`);
      this.logWarnings();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const line of error.message.split("\n"))
        this.#log.error(`${name} not renewed; the old ones stay in use`, { error: line });
    }
  }
}
