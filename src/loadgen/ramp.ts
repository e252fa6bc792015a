import type { Clock, Timer } from "../base/clock.ts";
import type { Group } from "./group.ts";

const TICK_MS = 10;
/** After this many failures without a success, the remaining connections are not tried. */
const HOPELESS = 20;

/** Starts a group's connections at an even rate. */
export class Ramp {
  readonly #group: Group;
  readonly #timer: Timer;

  /** `begin(n)` starts connection n; `rate` of them are started in a second. */
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

  /** Starts no more connections. */
  stop(): void {
    this.#timer.cancel();
    this.#group.gaveUp = true;
  }
}
