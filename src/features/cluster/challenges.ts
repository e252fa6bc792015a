import { createHmac } from "node:crypto";
import type { Clock } from "../../base/clock.ts";

/** A challenge is valid for one to two slots of this length, ms. */
const SLOT_MS = 10_000;
/** Maximum number of questions in a slot; more are refused. */
const MAX_NONCES = 20_000;

/**
 * Challenges of this node, valid by its own clock. A question is signed over a challenge, so a recorded question can't be replayed later;
 * while the challenge is valid, the question is answered only once.
 */
export class Challenges {
  readonly #clock: Pick<Clock, "now">;
  readonly #key: string;
  /** Nonces answered in the present slot and in the one before. */
  readonly #seen: [Set<string>, Set<string>] = [new Set(), new Set()];
  #slot = 0;

  /** `key` is random and secret. */
  constructor(clock: Pick<Clock, "now">, key: string) {
    this.#clock = clock;
    this.#key = key;
  }

  /** The challenge for the next question. */
  get current(): string {
    return this.#of(this.#slotNow());
  }

  /** Whether a question with a valid signature may be answered: its challenge is recent, and it comes for the first time. */
  take(challenge: string, nonce: string): boolean {
    const slot = this.#slotNow();
    if (challenge !== this.#of(slot) && challenge !== this.#of(slot - 1)) return false;
    const [now, before] = this.#seen;
    if (now.has(nonce) || before.has(nonce) || now.size >= MAX_NONCES) return false;
    now.add(nonce);
    return true;
  }

  #slotNow(): number {
    const slot = Math.floor(this.#clock.now() / SLOT_MS);
    if (slot !== this.#slot) {
      const [now, before] = this.#seen;
      this.#seen[0] = before;
      this.#seen[1] = now;
      before.clear();
      if (slot > this.#slot + 1) now.clear();
      this.#slot = slot;
    }
    return slot;
  }

  #of(slot: number): string {
    return createHmac("sha256", this.#key).update(String(slot)).digest("hex").slice(0, 32);
  }
}
