import { messageOf, UserError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { TargetRequest } from "../../live/ports/commands.ts";

/** The store of the text of kept targets. */
export interface TargetStore {
  /** Its name for people. */
  readonly path: string;
  /** Undefined when nothing was written yet. Throws UserError. */
  read(): string | undefined;
  /** Rejects with UserError; then the text is as before. */
  write(text: string): Promise<void>;
}

/** A target with its id, which stays the same over a restart. */
export interface KeptTarget {
  readonly id: string;
  readonly request: TargetRequest;
}

const VERSION = 1;

/** Writes targets to keep into a store, and reads them at the start. */
export class KeptTargets {
  readonly #store: TargetStore | undefined;
  readonly #log: Log;
  /** Why the store's text can't be read: it must not be overwritten. */
  #damage: string | undefined;

  constructor(store: TargetStore | undefined, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The kept targets; none if the store's text is damaged, which is logged. */
  read(): readonly KeptTarget[] {
    const store = this.#store;
    if (store === undefined) return [];
    try {
      const text = store.read();
      return text === undefined ? [] : parse(text);
    } catch (error) {
      this.#damage = messageOf(error);
      this.#log.error("kept forward targets can't be read, streams are not sent to them", {
        file: store.path,
        error: this.#damage,
      });
      return [];
    }
  }

  /** Rejects with UserError when targets can't be kept; then the store is as before. */
  async write(targets: readonly KeptTarget[]): Promise<void> {
    const store = this.#store;
    if (store === undefined)
      throw new UserError("targets are kept in a file that forward_state names; the configuration names none");
    if (this.#damage !== undefined)
      throw new UserError(`${store.path} is damaged (${this.#damage}); repair or remove it and restart the server`);
    await store.write(textOf(targets));
  }
}

function textOf(targets: readonly KeptTarget[]): string {
  const list = targets.map(({ id, request: { target, vhost, app, stream } }) => ({ id, target, vhost, app, stream }));
  return `${JSON.stringify({ version: VERSION, targets: list }, undefined, 2)}\n`;
}

/** Throws UserError. */
function parse(text: string): KeptTarget[] {
  const wrong = () => new UserError("it is not a list of forward targets");
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw wrong();
  }
  const { version, targets } = (read ?? {}) as { version?: unknown; targets?: unknown };
  if (version !== VERSION || !Array.isArray(targets)) throw wrong();
  return targets.map((each: unknown) => {
    const { id, target, vhost, app, stream } = (each ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || !/^t[1-9][0-9]{0,8}$/.test(id) || typeof target !== "string") throw wrong();
    const scope = [vhost, app, stream].map((part) => {
      if (part !== undefined && typeof part !== "string") throw wrong();
      return part;
    });
    return { id, request: { target, vhost: scope[0], app: scope[1], stream: scope[2], keep: true } };
  });
}
