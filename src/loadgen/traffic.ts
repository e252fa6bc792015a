import type { Traffic } from "./report.ts";

/** Measures the traffic of clients since the meter was made. */
export class TrafficMeter<C extends { readonly running: boolean }> {
  readonly #bytesOf: (client: C) => number;
  readonly #sinceMs: number;
  readonly #clients: readonly C[];
  readonly #before: readonly number[];

  constructor(clients: readonly C[], bytesOf: (client: C) => number, nowMs: number) {
    this.#clients = clients;
    this.#bytesOf = bytesOf;
    this.#sinceMs = nowMs;
    this.#before = clients.map(bytesOf);
  }

  read(nowMs: number): Traffic {
    const moved = this.#clients.map((client, at) => this.#bytesOf(client) - (this.#before[at] ?? 0));
    return {
      seconds: (nowMs - this.#sinceMs) / 1000,
      bytes: moved.reduce((sum, bytes) => sum + bytes, 0),
      each: moved.filter((_, at) => this.#clients[at]?.running === true),
    };
  }
}
