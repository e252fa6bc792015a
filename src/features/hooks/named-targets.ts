import { UserError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { streamLabel } from "../../live/streams.ts";
import { parseTarget, type RelayTarget } from "../../relay/target.ts";

/** Maximum number of targets that back ends may name for a stream. */
const MAX_TARGETS = 16;
/** Maximum length of a target, characters; one with a platform's key and a signature has some hundreds. */
const MAX_LENGTH = 2048;

/** Forward targets that back ends have named, by the stream's key. */
export class NamedTargets {
  readonly #log: Log;
  readonly #targets = new Map<string, readonly RelayTarget[]>();
  /** Number of named targets that were left out, as they are invalid, too many or too late. */
  leftOut = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  of(key: string): readonly RelayTarget[] {
    return this.#targets.get(key) ?? [];
  }

  /** Adds the targets in the data of an on_forward answer to `named`, those of earlier answers. One log line has all that are left out. */
  add(key: string, named: RelayTarget[], data: unknown): void {
    let [leftOut, problem] = [0, ""];
    const leaveOut = (count: number, why: string) => {
      leftOut += count;
      problem ||= why;
    };
    const urls = urlsIn(data);
    if (urls === undefined) leaveOut(1, 'the answer\'s "data" has no list of "urls"');
    for (const [at, url] of urls?.entries() ?? []) {
      if (named.length >= MAX_TARGETS) {
        leaveOut((urls?.length ?? at) - at, `a stream has ${MAX_TARGETS} targets of hooks at the most`);
        break;
      }
      const target = read(url);
      if (typeof target === "string") leaveOut(1, target);
      else named.push(target);
    }
    this.#targets.set(key, named);
    this.#report(key, leftOut, problem);
  }

  /** The publisher has left before the answer: its stream goes to none of these targets. */
  late(key: string, data: unknown): void {
    this.#report(key, urlsIn(data)?.length ?? 0, "the publisher left before on_forward was answered");
  }

  #report(key: string, leftOut: number, problem: string): void {
    if (leftOut === 0) return;
    this.leftOut += leftOut;
    const fields = { hook: "on_forward", stream: streamLabel(key), left_out: leftOut, error: problem };
    this.#log.warn("targets of a hook are left out", fields);
  }

  /** Forgets a stream that has ended; true if it had named targets. */
  delete(key: string): boolean {
    return this.#targets.delete(key);
  }
}

/** Reads a target; a sentence if it is none. Other values are not converted to text, as the conversion of an object may throw. */
function read(url: unknown): RelayTarget | string {
  if (typeof url !== "string") return "a target is a text";
  if (url.length > MAX_LENGTH) return `a target has ${MAX_LENGTH} characters at the most`;
  try {
    return parseTarget(url);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}

/** The URLs in an answer's data: none without data; undefined if they are not a list. */
function urlsIn(data: unknown): readonly unknown[] | undefined {
  if (data === undefined || data === null) return [];
  if (typeof data !== "object" || Array.isArray(data)) return undefined;
  const urls = "urls" in data ? data.urls : [];
  return Array.isArray(urls) ? urls : undefined;
}
