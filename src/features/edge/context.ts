import type { HttpGet } from "../../base/http.ts";
import type { Log } from "../../base/log.ts";
import type { Nodes } from "../../live/ports/nodes.ts";
import type { ConnectionContext } from "../../relay/client-connection.ts";
import type { PullClient, PullClientEvents } from "../../relay/pull-client.ts";
import type { PushContext } from "../../relay/push.ts";
import type { RelayLogLimit } from "../../relay/relay-log-limit.ts";
import type { RtmpPullTarget } from "../../relay/rtmp-pull-client.ts";
import type { EdgeConfig } from "./config.ts";

/** What an edge needs from outside. */
export interface EdgeContext extends ConnectionContext, Omit<PushContext, "chunkSize"> {
  readonly log: Log;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly randomNumber: () => number;
  /** Limits the log's lines about each origin. */
  readonly logLimit: RelayLogLimit;
  readonly httpGet: HttpGet;
  /** Begins to play a stream at an RTMP server. Callbacks may come within the call. */
  playRtmp(target: RtmpPullTarget, events: PullClientEvents): PullClient;
  /** Locates streams on nodes of the cluster, for the origin "registry". */
  readonly nodes: Nodes;
  /** This process's id in hop traces. */
  readonly nodeId: string;
  /** The edge table of a vhost in the current configuration; undefined if the vhost no longer exists. */
  configOf(vhost: string): EdgeConfig | undefined;
  /** Outgoing chunk size of a vhost, bytes. */
  chunkSizeOf(vhost: string): number;
}
