import { FlvPullClient } from "../../relay/flv-pull-client.ts";
import type { HandshakeChoice } from "../../relay/handshake-choice.ts";
import type { OpenPullClient } from "../../relay/pull-client.ts";
import type { Redirected } from "../../relay/redirects.ts";
import type { RtmpPullTarget } from "../../relay/rtmp-pull-client.ts";
import type { StreamNames } from "../../relay/target.ts";
import type { ClientUrl } from "../../rtmp/address.ts";
import { flvUrl, type OriginAddress, rtmpUrl } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import type { RequestParams } from "./params-chooser.ts";

const CONNECT_TIMEOUT_MS = 5000;

/** The request of one attempt. */
export interface PullClientRequest {
  readonly address: OriginAddress;
  /** The server to which the origin has redirected this one. */
  readonly redirected: Redirected | undefined;
  /** The stream's names at the origin. */
  readonly names: StreamNames;
  readonly params: RequestParams;
  /** Which handshake the server takes. */
  readonly handshake: HandshakeChoice;
  readonly config: EdgeConfig;
}

/** How an attempt connects: by RTMP, or to an HTTP origin unless it has redirected this server. */
export function pullClientFor(context: EdgeContext, request: PullClientRequest): OpenPullClient {
  const { address, redirected, names, params, handshake, config } = request;
  let to: Pick<RtmpPullTarget, "host" | "port" | "tls" | "publicOnly" | keyof ClientUrl> | undefined = redirected;
  if (to === undefined) {
    if (address.protocol !== "rtmp") {
      const url = flvUrl(address, names);
      return (events) => new FlvPullClient(context.httpGet, url, events);
    }
    const { host, port, tls } = address.target;
    to = { host, port, tls, ...rtmpUrl(address, names) };
  }
  const { pageUrl, swfUrl } = params.viewer;
  const target: RtmpPullTarget = {
    role: "play",
    ...to,
    hops: [...params.hops, context.nodeId],
    pageUrl,
    swfUrl,
    handshake,
    timeoutMs: Math.min(CONNECT_TIMEOUT_MS, config.read_timeout),
  };
  return (events) => context.playRtmp(target, events);
}
