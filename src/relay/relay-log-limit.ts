import type { Clock } from "../base/clock.ts";
import { LineLimit } from "../base/line-limit.ts";
import type { Log } from "../base/log.ts";

/** Maximum number of limits kept; back ends may name a target for each stream. */
const MAX_LIMITS = 1000;

/** A line that the relays of many streams may have at the same moment. */
interface RelayLogLine {
  readonly level: "info" | "warn";
  readonly message: string;
  /** The relay's fields that name its target. */
  readonly target: Readonly<Record<string, string>>;
  /** The relay's log, which masks the target's secrets. */
  readonly log: Log;
}

/** Limits the log's lines about each target: one that dies or comes back costs a few lines, however many streams go there. */
export class RelayLogLimit {
  readonly #clock: Clock;
  /** By message and target. */
  readonly #limits = new Map<string, LineLimit>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a relay's line; whether it is written. Lines that are not written are counted by one line later. */
  take(line: RelayLogLine): boolean {
    const key = [line.message, ...Object.values(line.target)].join("\n");
    return (this.#limits.get(key) ?? this.#newLimit(key, line)).take();
  }

  #newLimit(key: string, { level, message, target, log }: RelayLogLine): LineLimit {
    if (this.#limits.size >= MAX_LIMITS) this.#limits.clear();
    const limit = new LineLimit(this.#clock, (streams) =>
      log.with("")[level](`${message} for more streams`, { ...target, streams }),
    );
    this.#limits.set(key, limit);
    return limit;
  }
}
