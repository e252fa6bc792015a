import type { Clock } from "../base/clock.ts";
import type { Dial } from "../base/transport.ts";
import type { RandomFill } from "../rtmp/handshake-digest.ts";
import type { RtmpLimits } from "../rtmp/limits.ts";
import type { WallTime } from "./wall-time.ts";

/** What all connections of a run share. */
export interface BenchContext {
  readonly clock: Clock;
  readonly wall: WallTime;
  readonly dial: Dial;
  readonly random: RandomFill;
  readonly limits: RtmpLimits;
}
