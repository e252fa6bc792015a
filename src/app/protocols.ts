import { Console } from "../features/console/console.ts";
import { forOperators, forViewers } from "../features/http/context.ts";
import { HttpServer } from "../features/http/server.ts";
import { AddressRate } from "../features/limits/address-rate.ts";
import type { RtmpContext } from "../features/rtmp/context.ts";
import { RtmpServer } from "../features/rtmp/server.ts";
import { ConnectionServers } from "../live/ports/connection-servers.ts";
import { ConnectionAccount } from "../live/ports/connections.ts";
import type { HttpRoute } from "../live/ports/http.ts";
import type { ViewerEndpoint } from "../live/ports/viewer-endpoint.ts";
import { consoleAssets } from "./browser-assets.ts";
import type { LiveConfig } from "./live-config.ts";

/** Maximum number of connections to the API, in addition to max_connections. */
const MAX_API_CONNECTIONS = 100;

/** What the servers of all protocols need. */
interface ProtocolsContext extends Omit<RtmpContext, "idle" | "chunkSize"> {
  readonly live: LiveConfig;
  /** The connections of clients, by all protocols. */
  readonly account: ConnectionAccount;
  /** Name and version for clients. */
  readonly software: string;
  /** Routes for viewers. */
  readonly routes: readonly HttpRoute[];
  /** Routes for operators and other nodes. */
  readonly adminRoutes: readonly HttpRoute[];
  viewerEndpoints(): readonly ViewerEndpoint[];
}

/** Makes the servers of all protocols: RTMP, HTTP for viewers, and HTTP for operators. */
export function makeProtocols(context: ProtocolsContext): ConnectionServers {
  const { clock, log, clients, refusals, account, live, software, routes, adminRoutes } = context;
  const rtmp = new RtmpServer({
    ...context,
    get idle() {
      return live.current.limits;
    },
    get chunkSize() {
      return live.current.chunk_size;
    },
  });
  const shared = {
    ...{ clock, log, clients, refusals, software },
    rtmpPort: () => live.current.listen.find(({ port }) => port !== 0)?.port,
    stage: () => connections.stage,
  };
  const http = new HttpServer({ ...shared, ...forViewers, account, routes });
  const adminConsole = new Console({
    assets: consoleAssets(),
    config: () => live.current.http_api.console,
    viewerEndpoints: () => context.viewerEndpoints(),
  });
  const adminAccount = operatorsAccount(new AddressRate(clock), live);
  const admin = new HttpServer(
    { ...shared, ...forOperators, account: adminAccount, routes: [...adminRoutes, adminConsole] },
    adminAccount,
  );
  const connections = new ConnectionServers({ clock, log, refusals, account, servers: [rtmp, http, admin] });
  return connections;
}

/** Counts operators' connections apart from clients', so that the API answers when there is no room for clients. */
function operatorsAccount(requests: AddressRate, live: LiveConfig): ConnectionAccount {
  return new ConnectionAccount({
    maxConnections: MAX_API_CONNECTIONS,
    limiter: {
      acquire: () => undefined,
      release: () => undefined,
      countRequest: (address: string) =>
        requests.take(address, live.current.http_api.max_requests_per_minute)
          ? undefined
          : { rule: "http_api.max_requests_per_minute", reason: "too many requests; wait a minute" },
    },
  });
}
