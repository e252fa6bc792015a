import type { ConnectionContext } from "../relay/client-connection.ts";
import type { WallTime } from "./wall-time.ts";

/** What all connections of a run share. */
export interface BenchContext extends ConnectionContext {
  readonly wall: WallTime;
}
