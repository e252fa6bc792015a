import type { Clock, Timer } from "../../base/clock.ts";

/** The longest delay that the runtime's timers take; it runs a longer one at once. */
const maxDelayMs = 2 ** 31 - 1;

/** The real clock. Its timers keep the process alive until they are cancelled or have run. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, maxDelayMs));
    return timerOf(() => clearTimeout(timer));
  },
  every(periodMs, run) {
    const timer = setInterval(run, Math.min(periodMs, maxDelayMs));
    return timerOf(() => clearInterval(timer));
  },
  soon(run) {
    setImmediate(run);
  },
};

function timerOf(cancel: () => void): Timer {
  return { cancel };
}
