import { formatHostPort, type ListenAddress } from "../base/address.ts";
import type { Change } from "../base/change.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { contains, type Network, parseIp } from "../base/network.ts";
import { headersOf } from "../features/http/statuses.ts";
import { beginsLikeHttp, textResponse } from "../http/text-response.ts";
import type { ListenerPolicy, NotTls, Proxies } from "../io/net/accept-pipeline.ts";
import type { ListenEndpoint } from "../io/net/listen-endpoint.ts";
import { Listeners } from "../io/net/listeners.ts";
import type { Tcp } from "../io/net/tcp.ts";
import type { UpgradeSocket } from "../io/os/upgrade-sockets.ts";
import type { Certificates } from "../io/tls/certificates.ts";
import type { ConnectionServers } from "../live/ports/connection-servers.ts";
import type { ConnectionAccount } from "../live/ports/connections.ts";
import type { Feature } from "../live/ports/feature.ts";
import type { ViewerEndpoint } from "../live/ports/viewer-endpoint.ts";

/** What listening needs. */
export interface ListeningOptions {
  readonly clock: Pick<Clock, "wall">;
  readonly log: Log;
  readonly tcp: Pick<Tcp, "listen">;
  readonly servers: ConnectionServers;
  readonly account: Pick<ConnectionAccount, "hasRoom">;
  /** The certificates of each protocol, by the configuration in effect. */
  readonly certificates: Readonly<Record<ListenEndpoint["protocol"], () => Certificates>>;
  /** Proxies that may name the client for which they connect. */
  trustedProxies(): readonly Network[];
}

/** The listeners of all protocols, as one set, so that a reload may give a port from one protocol to another. */
export class Listening implements Feature {
  readonly name = "listening";
  readonly #options: ListeningOptions;
  readonly #listeners: Listeners;
  readonly #proxies: Proxies;

  constructor(options: ListeningOptions) {
    this.#options = options;
    const { log, tcp, servers, account, trustedProxies } = options;
    this.#proxies = {
      trusts: (host) => {
        const address = parseIp(host);
        return address !== undefined && trustedProxies().some((network) => contains(network, address));
      },
      hasRoom: (waiting) => account.hasRoom(waiting),
    };
    const listen = (endpoint: () => ListenEndpoint) =>
      tcp.listen(
        endpoint(),
        (remote) => servers.accept(endpoint().protocol, remote),
        () => this.#policy(endpoint()),
      );
    this.#listeners = new Listeners(listen, {
      listening: (address, endpoint) => log.info("listening", inWords(address, endpoint)),
      stopped: (address) => log.info("no longer listening", { on: formatHostPort(address) }),
      lost: (address, error) => log.error("no longer listening", { on: formatHostPort(address), error: error.message }),
    });
  }

  /** Prepares to listen at exactly these endpoints; connections stay. Throws UserError, one line for each failure. */
  prepare(endpoints: readonly ListenEndpoint[]): Change {
    return this.#listeners.prepare(endpoints);
  }

  /** What another process needs to continue listening. */
  get sockets(): readonly UpgradeSocket[] {
    return this.#listeners.open;
  }

  /** Where viewers are served over HTTP. */
  get viewerEndpoints(): readonly ViewerEndpoint[] {
    return this.#listeners.bound.flatMap(({ address: { host, port }, endpoint: { protocol, plain, tls } }) => {
      if (protocol !== "http") return [];
      const on = { host: host === "0.0.0.0" || host === "::" ? "" : host, port };
      return [
        ...(plain ? [{ scheme: "http", ...on } as const] : []),
        ...(tls ? [{ scheme: "https", ...on } as const] : []),
      ];
    });
  }

  /** Accepts no more connections; open ones continue. */
  stop(): void {
    this.#listeners.stop();
  }

  /** The policy of an endpoint in the current configuration. */
  #policy({ protocol, plain, tls, proxied }: ListenEndpoint): ListenerPolicy {
    const { certificates, servers } = this.#options;
    return {
      plain,
      certificates: tls ? certificates[protocol]() : undefined,
      proxies: proxied ? this.#proxies : undefined,
      notTls: (bytes) => notTls(protocol, bytes, this.#options.clock.wall()),
      refusal: protocol === "rtmp" ? undefined : (bytes) => refusal(bytes, this.#options.clock.wall()),
      refused: (peer, reason) => servers.refuse("opening", peer, reason),
    };
  }
}

/** The listeners and their protocols, for the log. */
function inWords(address: ListenAddress, { protocol, plain, tls, proxied }: ListenEndpoint) {
  const on = formatHostPort(address);
  return {
    [protocol]: plain ? on : undefined,
    [`${protocol}s`]: tls ? on : undefined,
    proxy_protocol: proxied ? true : undefined,
  };
}

/** The answer to an HTTP client that gets no connection; undefined for one that speaks another protocol. */
function refusal(bytes: Uint8Array, now: number): Uint8Array | undefined {
  if (!beginsLikeHttp(bytes)) return undefined;
  return textResponse(503, "this server takes no more connections now", now, headersOf(503));
}

/** The refusal of a connection without TLS where TLS is required; a client that speaks HTTP gets it as an answer. */
function notTls(protocol: ListenEndpoint["protocol"], bytes: Uint8Array, now: number): NotTls {
  const [firstByte = 0] = bytes;
  const hex = firstByte.toString(16).padStart(2, "0");
  const [key, scheme, other] =
    protocol === "rtmp"
      ? ["rtmps.listen", "rtmps", "listen"]
      : ["http_server.tls.listen", "https", "http_server.listen"];
  const where = `on a port of ${key}; clients write ${scheme}:// for it, or use a port of ${other}`;
  if (beginsLikeHttp(bytes)) {
    const line = `this port speaks ${scheme.toUpperCase()} only, which begins with TLS`;
    return { reason: `HTTP without TLS came ${where}`, answer: textResponse(400, line, now) };
  }
  const what = firstByte === 3 ? "RTMP without TLS came" : `no TLS came (the first byte is 0x${hex})`;
  return { reason: `${what} ${where}` };
}
