import type { Change } from "../base/change.ts";
import { UserError } from "../base/errors.ts";
import { type Changed, merge } from "../config/merge.ts";
import { rootTable } from "./config/blocks.ts";
import { type Config, ConfigErrors } from "./config/index.ts";

/** A part of the server that depends on the configuration. Unchanged blocks are the same objects: compare with `===`. */
export interface Follower {
  /**
   * Acquires what `next` needs and may fail (a port, a file, a certificate), without effect yet; also called at the start.
   * Throws UserError, one line for each reason.
   */
  prepare?(next: Config): Change | undefined;
  /** Uses `next` from now on. Called once every follower has prepared, in the order in which they follow. */
  apply?(next: Config, before: Config): void;
}

/** Holds the configuration in effect: its users look values up here each time, or follow changes. */
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

  /** Adds a follower, which is notified after those added before. */
  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Applies the first configuration (binds ports). Throws UserError when a part fails. */
  start(): void {
    const { changes, errors } = this.#prepare(this.#current);
    if (errors.length > 0) throw new UserError(errors.join("; "));
    for (const change of changes) change.apply();
  }

  /** The server stops: further changes are refused. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Puts another configuration into effect as a whole; returns the changes. Throws ConfigErrors on failure: then nothing has
   * changed.
   */
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

  /** Prepares all followers. With errors, their changes are discarded, and none is returned. */
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

/** A bug in one follower must not keep the others from applying. */
function attempt(run: () => void, faults: unknown[]): void {
  try {
    run();
  } catch (error) {
    faults.push(error);
  }
}
