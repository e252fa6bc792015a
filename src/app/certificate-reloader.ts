import type { Clock, Timer } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

const PERIOD_MS = 60_000;

/** What is made of files that others renew. */
export interface Reloadable {
  /** Whether a file is another than the one that was read. */
  readonly outdated: boolean;
  /** Reads the files again; throws UserError, one line for each that is not right, and then all is as before. */
  renew(): void;
  /** What an operator should know now; `now` is ms since 1970. */
  warnings(now: number): readonly string[];
}

/** Takes renewed certificates as they come, without a reload: certbot and the like need no hook. */
export class CertificateReloader {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: ReadonlyMap<string, Reloadable>;
  readonly #timer: Timer;

  /** `parts` by what they are called in the log. */
  constructor(clock: Clock, log: Log, parts: ReadonlyMap<string, Reloadable>) {
    this.#clock = clock;
    this.#log = log;
    this.#parts = parts;
    this.#timer = clock.every(PERIOD_MS, () => this.check());
  }

  /** Looks at the files now. */
  check(): void {
    for (const [name, part] of this.#parts) if (part.outdated) this.#renew(name, part);
  }

  /** Says what there is to be known of what is in use. */
  tell(): void {
    for (const part of this.#parts.values()) for (const line of part.warnings(this.#clock.wall())) this.#log.warn(line);
  }

  stop(): void {
    this.#timer.cancel();
  }

  #renew(name: string, part: Reloadable): void {
    try {
      part.renew();
      this.#log.info(`${name} renewed`);
      this.tell();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const line of error.message.split("\n"))
        this.#log.error(`${name} not renewed; the old ones stay in use`, { error: line });
    }
  }
}
