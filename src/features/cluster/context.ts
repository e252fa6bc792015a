import type { Clock } from "../../base/clock.ts";
import type { HttpGet } from "../../base/http.ts";
import type { Log } from "../../base/log.ts";
import type { Dial } from "../../base/transport.ts";
import type { OwnNodeContext } from "./own-node.ts";

/** What the cluster needs from outside. */
export interface ClusterContext extends Omit<OwnNodeContext, "clock" | "epoch"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly httpGet: HttpGet;
  readonly dial: Dial;
  /** Numbers in [0, 1), for the jitter of questions. */
  readonly randomNumber: () => number;
  /** This many random bytes in hexadecimal. */
  randomHex(length: number): string;
  /** The cluster's secret by the configuration in effect; "" when it has none. */
  secret(): string;
  /** Servers on these hosts answer again after an outage. */
  onReturn(hosts: ReadonlySet<string>): void;
}
