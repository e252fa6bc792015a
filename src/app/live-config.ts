import type { Change } from "../base/change.ts";
import { UserError } from "../base/errors.ts";
import { type Changed, merge } from "../config/merge.ts";
import { rootTable } from "./config/blocks.ts";
import { type Config, ConfigErrors } from "./config/index.ts";

/** A part of the server that goes by the configuration. A block that is as before is the same object: compare with `===`. */
export interface Follower {
  /**
   * Gets what `next` needs and what may not be had (a port, a file, a certificate), without effect yet; also when the server
   * starts. Throws UserError, one line for each reason.
   */
  prepare?(next: Config): Change | undefined;
  /** Goes by `next` from now on. Called when every follower was able to prepare, in the order in which they follow. */
  apply?(next: Config, before: Config): void;
}

/** The one holder of the configuration in effect: who needs a value looks it up here each time, or follows. */
export class LiveConfig {
  #current: Config;
  readonly #followers: Follower[] = [];
  #closed = false;

  constructor(config: Config) {
    this.#current = config;
  }

  get current(): Config {
    return this.#current;
  }

  /** Adds a part that is to be told of changes, after those that were added before. */
  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Takes what the configuration asks for (ports) into use for the first time. Throws UserError when some of it can't be had. */
  start(): void {
    const { changes, errors } = this.#prepare(this.#current);
    if (errors.length > 0) throw new UserError(errors.join("; "));
    for (const change of changes) change.apply();
  }

  /** The server stops: nothing changes any more. */
  close(): void {
    this.#closed = true;
  }

  /** Puts another configuration into effect, whole; what has changed. Throws ConfigErrors when it can't: then nothing has changed. */
  change(to: Config): readonly Changed[] {
    if (this.#closed) throw new ConfigErrors(["the server is stopping"]);
    const before = this.#current;
    const { values: next, changed } = merge(rootTable, before, to);
    if (next === before) return changed;
    const { changes, errors } = this.#prepare(next);
    if (errors.length > 0) throw new ConfigErrors(errors);
    this.#current = next;
    const faults: unknown[] = [];
    for (const change of changes) attempt(() => change.apply(), faults);
    for (const follower of this.#followers) attempt(() => follower.apply?.(next, before), faults);
    if (faults.length > 0) throw faults[0];
    return changed;
  }

  /** With errors there are no changes. */
  #prepare(next: Config): { changes: readonly Change[]; errors: readonly string[] } {
    const changes: Change[] = [];
    const errors: string[] = [];
    for (const follower of this.#followers) {
      try {
        const change = follower.prepare?.(next);
        if (change !== undefined) changes.push(change);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        errors.push(...error.message.split("\n"));
      }
    }
    if (errors.length === 0) return { changes, errors };
    for (const change of changes.toReversed()) change.discard();
    return { changes: [], errors };
  }
}

/** A fault of one part must not leave the others behind. */
function attempt(run: () => void, faults: unknown[]): void {
  try {
    run();
  } catch (error) {
    faults.push(error);
  }
}
