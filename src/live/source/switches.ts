import type { SourceInfo } from "./source.ts";

/** A preferred source takes over again after being steady this long. The time doubles each time it soon fails again. */
const FIRST_STEADY_MS = 10_000;
const MAX_STEADY_MS = 320_000;

/** Why the active source changed. */
export type SwitchReason = "ended" | "lost" | "stalled" | "preferred" | "replaced" | "manual";

/** A change of the active source. */
export interface SourceSwitch {
  readonly from: SourceInfo;
  readonly to: SourceInfo;
  readonly why: SwitchReason;
  /** Monotonic ms. */
  readonly at: number;
  /** Both sources sent the same stream: no packet was lost or repeated. */
  readonly inStep: boolean;
}

/** Counts the changes of a stream's active source, and knows how long a preferred source must be steady before it takes over. */
export class Switches {
  #count = 0;
  #last: SourceSwitch | undefined;
  #steadyMs = FIRST_STEADY_MS;

  /** The number of changes. */
  get count(): number {
    return this.#count;
  }

  /** How long a preferred source must be steady before it takes over, ms. */
  get steadyMs(): number {
    return this.#steadyMs;
  }

  add(change: SourceSwitch): void {
    this.#last = change;
    this.#count++;
  }

  /** Whether an operator has made this source active. */
  choseByHand(source: SourceInfo): boolean {
    return this.#last?.why === "manual" && this.#last.to.id === source.id;
  }

  /** A preferred source has failed after `activeMs` as the active one. If that was soon, the next has to wait longer. */
  preferredFailed(activeMs: number): void {
    const soon = this.#last?.why === "preferred" && activeMs < 10 * this.#steadyMs;
    this.#steadyMs = soon ? Math.min(2 * this.#steadyMs, MAX_STEADY_MS) : FIRST_STEADY_MS;
  }
}
