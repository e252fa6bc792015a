import type { Clock } from "../../base/clock.ts";

/** For how long an address that failed is tried after the others of its name, ms. */
const AVOID_MS = 30_000;
/** Maximum number of addresses in memory; the oldest failures are forgotten first. */
const MAX_ADDRESSES = 256;

/** Addresses that have just failed, of names with several addresses. They are tried last, as each dial would wait for them first. */
export class FailedAddresses {
  readonly #clock: Pick<Clock, "now">;
  /** Until when each is avoided, monotonic ms; the oldest failure first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  add(address: string, port: number): void {
    const key = keyOf(address, port);
    this.#until.delete(key);
    if (this.#until.size >= MAX_ADDRESSES) this.#until.delete(this.#until.keys().next().value ?? "");
    this.#until.set(key, this.#clock.now() + AVOID_MS);
  }

  delete(address: string, port: number): void {
    if (this.#until.size > 0) this.#until.delete(keyOf(address, port));
  }

  /** The addresses in the order in which to try them: those that failed come last. */
  ordered(addresses: readonly string[], port: number): readonly string[] {
    if (this.#until.size === 0) return addresses;
    const failed = new Set(addresses.filter((address) => this.#hasFailed(address, port)));
    return [...addresses.filter((address) => !failed.has(address)), ...failed];
  }

  #hasFailed(address: string, port: number): boolean {
    return (this.#until.get(keyOf(address, port)) ?? 0) > this.#clock.now();
  }
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}
