import type { AccessRequest, GuardResult } from "../../live/ports/access.ts";
import type { PullEnd } from "../../relay/pull-client.ts";
import { RtmpPullClient } from "../../relay/rtmp-pull-client.ts";
import { type OriginAddress, originLabel, type RtmpOrigin, rtmpConnectUrl, rtmpUrl, upstreamNames } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";

const CONNECT_TIMEOUT_MS = 3000;

/** An origin's answer for a client; `undefined` allows it. */
type Answer = PullEnd | undefined;

/** Outcomes that are no answer: another origin is asked. */
const UNANSWERED: readonly PullEnd["how"][] = ["unreachable", "failed", "lost"];

/**
 * Asks an origin whether a client may do what it wants: for the names under which the stream is fetched, or pushed, with the
 * client's parameters, page and player.
 */
export async function askOrigins(
  context: EdgeContext,
  config: EdgeConfig,
  origins: Origins,
  request: AccessRequest,
): Promise<GuardResult> {
  const { vhost, app, stream } = request.name;
  const key = `${vhost}/${app}/${stream}`;
  const ranked = origins.eligible(key, origins.nextTurn(), isRtmp);
  const last = origins.leastDead(key, (origin) => isRtmp(origin.address));
  const candidates = ranked.length > 0 || last === undefined ? ranked : [last];
  const problems: string[] = [];
  for (const origin of candidates) {
    origin.try();
    const end = await ask(context, config, origin, request);
    if (end === undefined || !UNANSWERED.includes(end.how)) return resultOf(origin, end);
    problems.push(`${originLabel(origin.address)}: ${end.error}`);
    // An origin that does not answer this request may answer all others: it is not dead.
    if (end.how === "unreachable") origin.failed(end.error);
  }
  const detail = problems.join(", ") || "none is named for RTMP";
  return { kind: "unavailable", reason: "no origin can be asked", detail };
}

/** A stream that an origin lacks, or has at another server, is not denied: it may come. */
function resultOf(origin: Origin, end: Answer): GuardResult {
  origin.reached();
  if (end?.how !== "refused" || end.redirect !== undefined) return undefined;
  const reason = end.description || "refused by the origin";
  return { kind: "denied", reason, detail: `${originLabel(origin.address)}: ${end.error}` };
}

function ask(context: EdgeContext, config: EdgeConfig, origin: Origin, request: AccessRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const { clock, nodeId } = context;
    const address = origin.address as RtmpOrigin;
    const { host, port, tls } = address.target;
    const { pageUrl, swfUrl, action, name, param, hops } = request;
    const names = upstreamNames(config.vhost, name, param);
    let answered = false;
    const settle = (answer: Answer) => {
      timer.cancel();
      slot.release();
      client?.close();
      resolve(answer);
    };
    const within = `within ${config.read_timeout / 1000} s`;
    // A long queue of other clients says nothing about the origin.
    let timer = clock.after(config.read_timeout, () =>
      settle({ how: "failed", error: `no turn ${within}, as too many other clients are asked about` }),
    );
    let client: RtmpPullClient | undefined;
    const open = () => {
      timer.cancel();
      timer = clock.after(config.read_timeout, () =>
        settle({ how: answered ? "failed" : "unreachable", error: `no answer ${within}` }),
      );
      client = new RtmpPullClient(
        context,
        {
          // The push that follows decides on a publish, too: another check at the same time would count as a second publisher.
          role: action === "play" ? "play" : "connect",
          host,
          port,
          tls,
          ...(action === "play" ? rtmpUrl(address, names) : rtmpConnectUrl(address, names)),
          hops: [...hops, nodeId],
          forClient: true,
          pageUrl,
          swfUrl,
          handshake: origin.handshake,
          timeoutMs: Math.min(CONNECT_TIMEOUT_MS, config.read_timeout),
        },
        {
          answered: () => {
            answered = true;
            origin.reached();
            slot.release();
          },
          started: () => settle(undefined),
          over: settle,
          push: () => undefined,
        },
      );
    };
    const slot = origin.dialLimiter.acquire({
      admitted: () => clock.soon(open),
      rejected: (why) => settle({ how: "unreachable", error: why }),
    });
  });
}

function isRtmp(address: OriginAddress): boolean {
  return address.protocol === "rtmp";
}
