import type { Clock, Timer } from "../../base/clock.ts";

/** The time that a stream's lost publisher has to come back before its readers are notified that it stopped. */
export class GracePeriod {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timer: Timer | undefined;

  /** `over` is called when a period has passed without `end`. */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  get runs(): boolean {
    return this.#timer !== undefined;
  }

  begin(ms: number): void {
    this.end();
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#over();
    });
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
