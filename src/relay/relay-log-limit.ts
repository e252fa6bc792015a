import type { Clock } from "../base/clock.ts";
import { LineLimit } from "../base/line-limit.ts";
import type { Log } from "../base/log.ts";

/** Maximum number of limits kept; back ends may name a target for each stream. */
const MAX_LIMITS = 1000;

/** A line that many streams may have at the same moment. */
interface RelayLogLine {
  readonly level: "info" | "warn";
  readonly message: string;
  /** Its fields that name the server. */
  readonly server: Readonly<Record<string, string>>;
  /** The log of the line, which masks the server's secrets. */
  readonly log: Log;
}

/** Limits the log's lines about each target or origin: one that dies or comes back costs a few lines, however many streams it has. */
export class RelayLogLimit {
  readonly #clock: Pick<Clock, "after">;
  /** By message and server. */
  readonly #limits = new Map<string, LineLimit>();

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Counts a line; whether it is written. Lines that are not written are counted by one line later. */
  take(line: RelayLogLine): boolean {
    const key = [line.message, ...Object.values(line.server)].join("\n");
    return (this.#limits.get(key) ?? this.#newLimit(key, line)).take();
  }

  #newLimit(key: string, { level, message, server, log }: RelayLogLine): LineLimit {
    if (this.#limits.size >= MAX_LIMITS) this.#limits.clear();
    const limit = new LineLimit(this.#clock, (streams) =>
      log.with("")[level](`${message} for more streams`, { ...server, streams }),
    );
    this.#limits.set(key, limit);
    return limit;
  }
}
