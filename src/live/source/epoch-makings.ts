import type { Clock } from "../../base/clock.ts";

/** What new epochs are made of. */
export interface EpochMakings {
  readonly clock: Clock;
  /** 32 random hexadecimal digits. */
  newEpochId(): string;
}
