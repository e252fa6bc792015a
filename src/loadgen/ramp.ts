import type { Clock, Timer } from "../base/clock.ts";
import type { Group } from "./group.ts";

const TICK_MS = 10;
/** So many failures without a success, and the rest would fare no better. */
const HOPELESS = 20;

/** Begins a group's connections at an even rate. */
export class Ramp {
  readonly #group: Group;
  readonly #timer: Timer;

  /** `begin` starts the connection of a number, `rate` of them a second. */
  constructor(clock: Clock, group: Group, rate: number, begin: (number: number) => void) {
    this.#group = group;
    const startMs = clock.now();
    let begun = 0;
    this.#timer = clock.every(TICK_MS, () => {
      const due = Math.min(group.asked, Math.ceil(((clock.now() - startMs) * rate) / 1000));
      while (begun < due && !group.gaveUp) {
        begin(begun++);
        if (group.admitted === 0 && group.failed >= HOPELESS) this.stop();
      }
      if (begun === group.asked || group.gaveUp) this.#timer.cancel();
    });
  }

  /** Begins no more. */
  stop(): void {
    this.#timer.cancel();
    this.#group.gaveUp = true;
  }
}
