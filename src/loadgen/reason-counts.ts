import { printable } from "../base/printable.ts";

/** Maximum number of reasons that are counted separately; servers' own texts could be endless. */
const MAX_REASONS = 20;

/** How often each reason was given. */
export class ReasonCounts {
  readonly #counts = new Map<string, number>();

  /** Counts a reason. A server's text becomes one line, whatever it contains. */
  add(text: string): void {
    const reason = printable(text);
    const key = this.#counts.has(reason) || this.#counts.size < MAX_REASONS ? reason : "other reasons";
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** The most frequent first. */
  toObject(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort((a, b) => b[1] - a[1]));
  }
}
