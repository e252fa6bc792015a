import type { Log } from "../base/log.ts";
import type { OpenRedis } from "../base/redis.ts";
import { Api } from "../features/api/api.ts";
import { idOf } from "../features/api/ids.ts";
import { Cluster } from "../features/cluster/cluster.ts";
import { Director } from "../features/director/director.ts";
import { Edge } from "../features/edge/edge.ts";
import { Forward } from "../features/forward/forward.ts";
import { Handover } from "../features/handover/handover.ts";
import { Health } from "../features/health/health.ts";
import { SpellingHints } from "../features/hints/hints.ts";
import { hlsFormats } from "../features/hls/formats.ts";
import { Hls } from "../features/hls/hls.ts";
import { Hooks } from "../features/hooks/hooks.ts";
import { StaticFiles } from "../features/http/static-files.ts";
import { HttpLive } from "../features/http-live/http-live.ts";
import { AddressRate } from "../features/limits/address-rate.ts";
import { ConnectionLimiter } from "../features/limits/connection-limiter.ts";
import { limitGuards, limitUses } from "../features/limits/guards.ts";
import { liveStreams } from "../features/page/live-streams.ts";
import { StreamPage } from "../features/page/page.ts";
import { Registry } from "../features/registry/registry.ts";
import { securityGuards } from "../features/security/guards.ts";
import type { InstalledFfmpegs } from "../features/transcode/examine-engines.ts";
import { Ladders } from "../features/transcode/ladders.ts";
import { Transcode } from "../features/transcode/transcode.ts";
import { fileStore } from "../io/files/file-store.ts";
import { openServedFile } from "../io/files/served-file.ts";
import { stateFile } from "../io/files/state-file.ts";
import type { LogTail } from "../io/log/log-tail.ts";
import { createHttpGet } from "../io/net/http-get.ts";
import { createHttpPost } from "../io/net/http-post.ts";
import type { Tcp } from "../io/net/tcp.ts";
import { startChild } from "../io/os/child-process.ts";
import { systemClock } from "../io/os/clock.ts";
import { CpuGroup } from "../io/os/cpu-group.ts";
import { gzip } from "../io/os/gzip.ts";
import { cpuSeconds, fillRandom, randomHex } from "../io/os/process.ts";
import { systemLoad } from "../io/os/system-load.ts";
import { streamConfig } from "../live/config.ts";
import { Clients } from "../live/ports/clients.ts";
import type { ConnectionServers } from "../live/ports/connection-servers.ts";
import { ConnectionAccount } from "../live/ports/connections.ts";
import { Entry } from "../live/ports/entry.ts";
import { type Feature, FeatureSet } from "../live/ports/feature.ts";
import { JoinedNodes } from "../live/ports/nodes.ts";
import { Refusals } from "../live/ports/refusals.ts";
import type { Streams } from "../live/streams.ts";
import { RelayLogLimit } from "../relay/relay-log-limit.ts";
import { RtmpPullClient } from "../relay/rtmp-pull-client.ts";
import { NODE_PROPERTY } from "../rtmp/connect.ts";
import { RtmpFormats } from "../rtmp/format.ts";
import { defaultLimits } from "../rtmp/limits.ts";
import type { Administration } from "./administration.ts";
import { pageAssets } from "./browser-assets.ts";
import { logClients } from "./client-log.ts";
import { Listening, type ListeningOptions } from "./listening.ts";
import type { LiveConfig } from "./live-config.ts";
import { NodeFlowMeter } from "./node-flow.ts";
import { makeProtocols } from "./protocols.ts";
import { logSources } from "./source-log.ts";
import { clientsReport, streamsReport } from "./summary.ts";
import { Vhosts } from "./vhosts.ts";

/** What features need of the server. */
export interface Host {
  readonly log: Log;
  readonly live: LiveConfig;
  readonly streams: Streams;
  /** Streams that no client sees. */
  readonly hiddenStreams: Streams;
  readonly ffmpegs: InstalledFfmpegs;
  readonly tcp: Tcp;
  readonly openRedis: OpenRedis;
  readonly certificates: ListeningOptions["certificates"];
  /** This process's id in hop traces. */
  readonly nodeId: string;
  readonly version: string;
  /** What the API reports and does that belongs to no feature. */
  readonly administration: Administration;
  /** The log's last lines. */
  readonly logTail: Pick<LogTail, "after">;
  /** The cluster's secret by the configuration in effect; "" without one. */
  clusterSecret(): string;
}

/** A server's features, and those that the start-up uses directly. */
export interface Features {
  readonly all: FeatureSet;
  /** Exchanges streams with the other process of this server during an upgrade. */
  readonly siblings: Handover;
  readonly listening: Listening;
  /** The connections of all protocols. */
  readonly connections: ConnectionServers;
  /** Also answers the control socket's calls. */
  readonly api: Api;
  /** Asks other nodes from its start on. */
  readonly cluster: Cluster;
  /** Connects to Redis from its start on. */
  readonly registry: Registry;
}

/**
 * Makes all features of a server. Each is one line of the list, whose order holds for all parts of the contract: which observer
 * is notified first, which guard is asked first, which feature stops first.
 */
export function makeFeatures(host: Host): Features {
  const { log, live, streams, tcp, openRedis, certificates, nodeId, version, administration } = host;
  const clock = systemClock;
  const vhost = (name: string) => live.current.vhost.get(name);
  const shared = {
    clock,
    log,
    formats: new RtmpFormats(),
    limits: defaultLimits,
    random: fillRandom,
    nodeId,
    identity: { srs_server: `srs/${version}`, srs_version: version, srs_pid: process.pid, [NODE_PROPERTY]: nodeId },
  };
  const relays = {
    ...shared,
    dial: tcp.dial,
    randomNumber: Math.random,
    logLimit: new RelayLogLimit(clock),
    chunkSizeOf: (name: string) => vhost(name)?.chunk_size ?? live.current.chunk_size,
  };
  const httpGet = createHttpGet(`srs/${version}`, tcp.dial);
  const onConflict = (name: string) => vhost(name)?.publish.on_conflict ?? "reject";
  const limited = { streams, limits: (name: string) => vhost(name)?.limits };
  const counting = limitGuards(limited);
  const vhosts = new Vhosts(() => live.current.vhost);
  const ladders = new Ladders(
    () => live.current.vhost,
    (name) => vhosts.find(name)?.name,
  );
  const siblings = new Handover({
    ...shared,
    local: tcp.local,
    pid: process.pid,
    carries: () => others.carries,
    onConflict,
    theirs: (key, source) => registry.atSibling(key, source),
  });

  const store = stateFile(live.current.forward_state);
  const clients = new Clients(clock, randomHex(3));
  const refusals = new Refusals(clock, log);
  const account = new ConnectionAccount({
    get maxConnections() {
      return live.current.max_connections;
    },
    limiter: new ConnectionLimiter(clock, () => live.current.limits),
  });
  const connectionCounts = { maxConnections: () => live.current.max_connections, connections: () => account.size };
  const flow = new NodeFlowMeter({ clock, clients, streams, report: () => all.report() });
  const cluster = new Cluster({
    ...{ ...relays, ...connectionCounts, httpGet, version, randomHex, cpuSeconds, secret: host.clusterSecret },
    config: () => live.current.cluster,
    draining: () => connections.stage === "draining",
    fetches: () => [...live.current.vhost].flatMap(([name, { edge }]) => (edge.origin.length > 0 ? [name] : [])),
    flow: () => flow.current,
    bytesSent: () => all.report().sent,
    onReturn: (hosts) => all.serverReturned(hosts),
  });
  const registry = new Registry({
    ...{ ...relays, openRedis },
    config: () => live.current.cluster,
    self: () => cluster.own,
    onConflict,
    moved: (key) => all.streamMoved(key),
  });
  const nodes = new JoinedNodes([cluster, registry]);
  const director = new Director({
    clock,
    nodes,
    vhost(name) {
      const found = vhosts.find(name);
      return found && { name: found.name, director: found.config.director };
    },
    isOn: () => [...live.current.vhost.values()].some(({ director }) => director !== "off"),
  });
  const failures = new AddressRate(clock);
  const api = new Api(
    {
      ...{ clock, log, streams, clients, refusals, version, nodeId, systemLoad, ...administration },
      config: () => live.current.http_api,
      vhosts: () =>
        [...live.current.vhost].map(([name, { enabled, hls }]) => {
          return { name, enabled, hls: { enabled: hls.enabled, fragment: hls.hls_fragment } };
        }),
      ...connectionCounts,
      nodes,
      limitUses: () => limitUses(limited),
      logTail: host.logTail,
      viewerEndpoints: () => listening.viewerEndpoints,
      director: (question) => director.ask(question),
      report: () => all.report(),
      commands: () => all.commands,
      stage: () => connections.stage,
    },
    (site, rate) => failures.take(site, rate),
  );

  const hooks = new Hooks({
    ...{ clock, log, randomHex, idOf, randomNumber: Math.random, cwd: process.cwd() },
    httpPost: createHttpPost(`srs/${version}`, tcp.dial, clock),
    serverId: idOf(nodeId),
    serviceId: nodeId,
    uniqueId: (id) => clients.uniqueId(id),
    configs: () => [...live.current.vhost.values()].map(({ http_hooks }) => http_hooks),
    configOf: (name) => vhost(name)?.http_hooks,
    retargeted: () => forward.reconfigure(),
  });
  const forward = new Forward({ ...relays, store, targets: (of) => hooks.targetsOf(of, vhost(of.vhost)?.forward) });

  const list: readonly Feature[] = [
    // Counts what the other features do, and refuses addresses that were sent away.
    api,
    cluster,
    // Reports streams to other nodes, before features make other streams of them here.
    registry,
    // These only log and report; nothing depends on their position.
    new SpellingHints(clock, log),
    new Health({
      ...{ clock, log },
      thresholds(name) {
        const found = vhost(name);
        return found && { ...found.health, max_publish_kbps: found.limits.max_publish_kbps };
      },
    }),
    { name: "log", streams: logSources(log, relays.logLimit), clients: logClients(clock, log) },
    // Costs nothing: before guards that take time.
    { name: "security", guards: securityGuards({ clock, security: (name) => vhost(name)?.security }) },
    // After security: only clients that may watch learn which server to watch at. Before features that fetch the stream to this server.
    director,
    // Provides a stream at once, before others look for it on other servers.
    siblings,
    // Before the edge, to spare origins requests; asked again last, since other clients may be let in while an origin decides.
    { name: "limits", guards: counting, countingGuards: counting },
    // Takes time: it asks back ends. After the limits: back ends need not know of clients that a limit refuses.
    hooks,
    // Takes time, and ends a publisher of the other process that is gone: only for clients that back ends have let in. Before the edge,
    // as an origin refuses a second publisher.
    { name: "publishers", guards: [siblings] },
    // Before the page and the files: its addresses are not theirs.
    new Hls({
      ...shared,
      streams,
      entry: () => entry,
      clients: () => clients,
      formats: hlsFormats,
      files: fileStore,
      configOf: vhost,
      ladderOf: (name) => ladders.of(name),
      searchMs: (name, demand) => others.searchMs(name, demand),
      pathways: (name, address, request) => director.pathways(name, address, request),
      gzip,
      randomHex,
      keySecret: host.clusterSecret,
      segmentReady: (segment) => {
        for (const observer of others.segmentObservers) observer.segmentReady(segment);
      },
    }),
    // Before forward: its results are streams that others pass on.
    new Transcode({
      ...relays,
      streams,
      hidden: host.hiddenStreams,
      startChild,
      cpuLimit: new CpuGroup(),
      settings: () => live.current.transcode,
      engines: (name) => vhost(name)?.transcode ?? new Map(),
      vhost(name) {
        const found = vhosts.find(name);
        if (found === undefined) return undefined;
        const { enabled, publish } = found.config;
        return { name: found.name, enabled, stream: streamConfig(found.config), onConflict: publish.on_conflict };
      },
      facts: (ffmpeg) => host.ffmpegs.known(ffmpeg),
    }),
    forward,
    // Takes time: it asks origins.
    new Edge({
      ...{ ...relays, httpGet, nodes },
      playRtmp: (target, events) => new RtmpPullClient(relays, target, events),
      configOf: (name) => vhost(name)?.edge,
    }),
    // Claims streams for publishers that all other guards have let in.
    { name: "claims", guards: [registry.claims] },
    // Takes every name that ends in .ts: after a feature that has files of such names.
    new HttpLive({
      clock,
      streams,
      entry: () => entry,
      searchMs: (name, demand) => others.searchMs(name, demand),
    }),
    // After the streams' own addresses.
    new StaticFiles({ log, folder: () => live.current.http_server.dir, open: openServedFile }),
    // Last: any name may be a stream's.
    new StreamPage({
      assets: pageAssets(),
      config: () => live.current.http_server.page,
      servers: () => director.servers(),
      liveStreams(name) {
        const found = vhosts.find(name);
        return found?.config.enabled ? liveStreams(streams.all(), found.name) : [];
      },
    }),
  ];
  const others = new FeatureSet(list);
  for (const observer of others.streamObservers) streams.observe(observer);
  for (const observer of others.clientObservers) clients.observe(observer);
  const entry = new Entry({
    clock,
    nodeId,
    vhosts,
    guards: others.guards,
    countingGuards: others.countingGuards,
    connections: account,
  });
  const connections = makeProtocols({
    ...{ ...shared, live, streams, entry, clients, refusals, account, software: `srs/${version}` },
    routes: others.httpRoutes,
    adminRoutes: [cluster, api],
    viewerEndpoints: () => listening.viewerEndpoints,
  });
  const trustedProxies = () => live.current.proxy_protocol.trusted;
  const listening = new Listening({ clock, log, tcp, servers: connections, account, certificates, trustedProxies });
  // Clients are notified of the end of their streams once no feature passes these on.
  const last: readonly Feature[] = [listening, connections];
  // Their numbers stand first in the summary.
  const reports: readonly Feature[] = [
    { name: "clients", report: () => clientsReport(clients, account, refusals) },
    { name: "streams", report: () => streamsReport(streams) },
  ];
  const all = new FeatureSet([...reports, ...list, ...last]);
  return { all, siblings, listening, connections, api, cluster, registry };
}
