import type { Clock } from "../../base/clock.ts";

/** What is needed to make an epoch: the date and a random id. */
export interface EpochMakings {
  readonly clock: Clock;
  /** 32 random hexadecimal digits. */
  newEpochId(): string;
}
