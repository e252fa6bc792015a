import type { Connection } from "./connection.ts";
import type { Traffic } from "./report.ts";

/** Measures the traffic of connections from its creation on. */
export class TrafficMeter {
  readonly #bytesOf: (connection: Connection) => number;
  readonly #sinceMs: number;
  readonly #connections: readonly Connection[];
  readonly #before: readonly number[];

  constructor(connections: readonly Connection[], bytesOf: (connection: Connection) => number, nowMs: number) {
    this.#connections = connections;
    this.#bytesOf = bytesOf;
    this.#sinceMs = nowMs;
    this.#before = connections.map(bytesOf);
  }

  read(nowMs: number): Traffic {
    const moved = this.#connections.map((connection, at) => this.#bytesOf(connection) - (this.#before[at] ?? 0));
    return {
      seconds: (nowMs - this.#sinceMs) / 1000,
      bytes: moved.reduce((sum, bytes) => sum + bytes, 0),
      each: moved.filter((_, at) => this.#connections[at]?.running === true),
    };
  }
}
