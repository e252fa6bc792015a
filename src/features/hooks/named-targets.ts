import { UserError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { streamLabel } from "../../live/streams.ts";
import { parseTarget, type RelayTarget } from "../../relay/target.ts";

/** Targets of a stream that back ends may name. */
const MAX_TARGETS = 16;

/** Targets that back ends have named for streams, by the stream's key. */
export class NamedTargets {
  readonly #log: Log;
  readonly #targets = new Map<string, readonly RelayTarget[]>();

  constructor(log: Log) {
    this.#log = log;
  }

  of(key: string): readonly RelayTarget[] {
    return this.#targets.get(key) ?? [];
  }

  /** Back ends have named these. */
  set(key: string, urls: readonly unknown[]): void {
    this.#targets.set(
      key,
      urls.slice(0, MAX_TARGETS).flatMap((url) => this.#read(url, key)),
    );
  }

  /** The stream is over; whether there were any. */
  delete(key: string): boolean {
    return this.#targets.delete(key);
  }

  #read(url: unknown, key: string): RelayTarget[] {
    try {
      return [parseTarget(String(url))];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const fields = { hook: "on_forward", stream: streamLabel(key), error: error.message };
      this.#log.warn("a target of a hook is left out", fields);
      return [];
    }
  }
}

/** The URLs in the data of an answer to on_forward. */
export function urlsIn(data: unknown): readonly unknown[] {
  const urls = typeof data === "object" && data !== null && "urls" in data ? data.urls : [];
  return Array.isArray(urls) ? urls : [];
}
