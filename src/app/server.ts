import { formatHostPort, type ListenAddress } from "../base/address.ts";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Edge } from "../features/edge/edge.ts";
import { Forward } from "../features/forward/forward.ts";
import { Handover } from "../features/handover/handover.ts";
import { SpellingHints } from "../features/hints/hints.ts";
import { ConnectionLimiter } from "../features/limits/connection-limiter.ts";
import { limitGuards } from "../features/limits/guards.ts";
import { endpointsOf, plainEndpoint } from "../features/rtmp/listen-endpoint.ts";
import { RtmpServer } from "../features/rtmp/server.ts";
import { securityGuards } from "../features/security/guards.ts";
import { Logging } from "../io/log/logging.ts";
import { createHttpGet } from "../io/net/http-get.ts";
import { Tcp } from "../io/net/tcp.ts";
import { systemClock } from "../io/os/clock.ts";
import { fillRandom, openFilesProblem, randomId } from "../io/os/process.ts";
import { Systemd } from "../io/os/systemd.ts";
import { SystemdSockets } from "../io/os/systemd-sockets.ts";
import { UpgradeSockets } from "../io/os/upgrade-sockets.ts";
import { Certificates } from "../io/tls/certificates.ts";
import { Trust } from "../io/tls/trust.ts";
import { streamConfig } from "../live/config.ts";
import { ConnectionAccount } from "../live/ports/connections.ts";
import { Entry } from "../live/ports/entry.ts";
import { Refusals } from "../live/ports/refusals.ts";
import { Streams } from "../live/streams.ts";
import { NODE_PROPERTY } from "../rtmp/connect.ts";
import { RtmpFormats } from "../rtmp/format.ts";
import { defaultLimits } from "../rtmp/limits.ts";
import { CertificateReloader, type Reloadable } from "./certificate-reloader.ts";
import { configSecrets, type Environment, loadConfig } from "./config/index.ts";
import { refuseSecond, startControl } from "./control.ts";
import { reportFaults } from "./faults.ts";
import { LiveConfig } from "./live-config.ts";
import { reload } from "./reload.ts";
import { Service } from "./service.ts";
import { logSources } from "./source-log.ts";
import { tellFailure } from "./start-failure.ts";
import { drain, lastLines, settle, stopSignals } from "./stop.ts";
import { idle, startSummary } from "./summary.ts";
import { surroundingsWarnings } from "./surroundings.ts";
import { meetingPoint, type OldProcess, replacedExecutable, takeOldProcess, Upgrade } from "./upgrade.ts";
import { Vhosts } from "./vhosts.ts";

/** What a server is started with. */
export interface ServerOptions {
  /** The configuration file, read again for each reload; undefined when variables alone make the configuration. */
  readonly confPath: string | undefined;
  readonly environment: Environment;
  /** What `--ignore` names. */
  readonly ignored: readonly string[];
  /** What clients and the log are told of this build. */
  readonly version: string;
}

/** Runs the server until it is told to stop; the exit code. Throws UserError when it cannot start. */
export async function runServer(options: ServerOptions): Promise<number> {
  const startedWith = { ...process.env };
  const oldProcess = takeOldProcess(process.env);
  try {
    return await run(options, startedWith, oldProcess);
  } catch (error) {
    if (oldProcess !== undefined) await tellFailure(oldProcess.failures, error);
    throw error;
  }
}

async function run(
  { confPath, environment, ignored, version }: ServerOptions,
  startedWith: Environment,
  oldProcess: OldProcess | undefined,
): Promise<number> {
  const load = () => loadConfig(confPath, environment, ignored);
  const { config, warnings } = load();
  const live = new LiveConfig(config);
  live.follow({ prepare: ({ max_connections }) => refuse(openFilesProblem(max_connections)) });

  const clock = systemClock;
  const logging = new Logging(config.log, configSecrets(config), clock.wall);
  const { log } = logging;
  const service = new Service(new Systemd(process.env, process.pid), clock, log);
  live.follow({ prepare: (next) => logging.prepare(next.log, configSecrets(next)) });
  const onFault = reportFaults(log);

  const systemdSockets = new SystemdSockets(process.env, process.pid);
  const upgradeSockets = new UpgradeSockets(oldProcess?.sockets ?? []);
  const certificates = new Certificates();
  live.follow({ prepare: ({ rtmps }) => certificates.prepare(rtmps) });
  const trust = new Trust();
  live.follow({ prepare: ({ rtmps }) => trust.prepare(rtmps) });
  const certificateReloader = new CertificateReloader(
    clock,
    log,
    new Map<string, Reloadable>([
      ["certificates of rtmps", certificates],
      ["CA certificates of rtmps", trust],
    ]),
  );
  const tcp = new Tcp(
    clock,
    onFault,
    { take: (address) => upgradeSockets.take(address) ?? systemdSockets.take(address) },
    trust,
  );
  tcp.memory.limit = config.limits.input_memory;
  live.follow({
    apply({ limits }) {
      tcp.memory.limit = limits.input_memory;
    },
  });
  const streams = new Streams(clock, onFault);
  live.follow({
    apply(next, before) {
      for (const [name, vhost] of next.vhost)
        if (vhost !== before.vhost.get(name)) streams.configure(name, streamConfig(vhost));
    },
  });

  const nodeId = oldProcess?.nodeId ?? randomId();
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
    chunkSizeOf: (vhost: string) => live.current.vhost.get(vhost)?.chunk_size ?? live.current.chunk_size,
  };
  const forward = new Forward({
    ...relays,
    targets: (vhost) => live.current.vhost.get(vhost)?.forward ?? [],
  });
  const httpGet = createHttpGet(`srs/${version}`, tcp.dial);
  const edge = new Edge({ ...relays, httpGet, configOf: (vhost) => live.current.vhost.get(vhost)?.edge });
  const handover = new Handover({
    ...shared,
    local: tcp.local,
    pid: process.pid,
    onConflict: (vhost) => live.current.vhost.get(vhost)?.publish.on_conflict ?? "reject",
  });
  streams.observe(new SpellingHints(clock, log));
  streams.observe(logSources(log));
  // Before those who would look for a stream elsewhere.
  streams.observe(handover);
  streams.observe(forward);
  streams.observe(edge);
  live.follow({ apply: () => forward.reconfigure() });
  live.follow({ apply: () => edge.reconfigure() });

  const counting = limitGuards({ streams, limits: (vhost) => live.current.vhost.get(vhost)?.limits });
  const entry = new Entry({
    clock,
    nodeId,
    vhosts: new Vhosts(() => live.current.vhost),
    guards: [
      ...securityGuards({ clock, security: (vhost) => live.current.vhost.get(vhost)?.security }),
      handover,
      // Here to spare origins the question, and again when they have answered: others may have come meanwhile.
      ...counting,
      edge.guard,
    ],
    countingGuards: counting,
    connections: new ConnectionAccount({
      get maxConnections() {
        return live.current.max_connections;
      },
      limiter: new ConnectionLimiter(clock, () => live.current.limits),
    }),
  });
  const server = new RtmpServer(
    {
      ...shared,
      streams,
      entry,
      refusals: new Refusals(clock, log),
      get idle() {
        return live.current.limits;
      },
      get chunkSize() {
        return live.current.chunk_size;
      },
      certificates,
      get trustedProxies() {
        return live.current.proxy_protocol.trusted;
      },
    },
    tcp,
  );
  live.follow({
    prepare(next) {
      const places = endpointsOf(next);
      const more = systemdSockets.besides(places).map(({ address }) => ({ ...address, ...plainEndpoint }));
      return server.prepareListeners([...places, ...more]);
    },
    apply(next, before) {
      server.reconfigure();
      if (next.listen !== before.listen || next.rtmps !== before.rtmps)
        tellOfSockets(log, systemdSockets, endpointsOf(next));
      if (next.rtmps !== before.rtmps) certificateReloader.tell();
    },
  });

  log.info("starting", { version, pid: process.pid, conf: confPath, node: nodeId });
  for (const warning of [...warnings, ...surroundingsWarnings(startedWith, config.pid)]) log.warn(warning);
  tellOfSockets(log, systemdSockets, endpointsOf(config));
  const signals = stopSignals();
  const reloadNow = () => {
    certificateReloader.check();
    return service.reload(() => reload(live, load, log));
  };
  const upgrade = new Upgrade({
    handover,
    log,
    nodeId,
    pidFile: config.pid,
    environment: startedWith,
    sockets: () => server.openListeners,
    succeeded(pid) {
      service.succeededBy(pid);
      signals.drainNow("upgrade");
    },
  });
  const upgradeNow = (asked?: string) => service.upgrade(() => upgrade.start(asked));
  process.on("SIGHUP", () => {
    if (replacedExecutable() === undefined) reloadNow();
    else void upgradeNow();
  });
  process.on("SIGUSR1", () => logging.reopen());
  if (oldProcess !== undefined) await handover.join(oldProcess.socket, meetingPoint(config.pid));
  else if (config.pid !== "") await refuseSecond(config.pid);
  live.start();
  upgradeSockets.closeRest();
  const commands = { reload: reloadNow, upgrade: upgradeNow };
  const control = config.pid === "" ? undefined : await startControl(config.pid, commands);
  handover.ready();
  certificateReloader.tell();
  const summary = startSummary(clock, log, { server, forward, edge, streams }, (line) =>
    service.status(logging.lost === 0 ? line : `${line} log_lines_lost=${logging.lost}`),
  );
  if (oldProcess === undefined) service.ready(idle);

  const signal = await Promise.race([signals.stop, signals.drain]);
  live.close();
  control?.stop();
  certificateReloader.stop();
  if (signal === "SIGQUIT" || signal === "upgrade") {
    const { drain_timeout } = live.current;
    log.info("draining: takes nobody any more", { signal, connections: server.totals().connections, drain_timeout });
    service.status("draining");
    server.stopListening();
    await drain(() => server.idle, drain_timeout, signals, log);
  }

  log.info("stopping", { signal });
  service.stopping();
  summary.cancel();
  const succeeded = handover.sibling !== undefined;
  handover.leave();
  edge.stop();
  server.stop(succeeded ? "lost" : "unpublished");
  await settle(() => server.idle && forward.idle && edge.idle);
  handover.stop();
  log.info("stopped");
  await lastLines(logging);
  return 0;
}

function tellOfSockets(log: Log, systemdSockets: SystemdSockets, listen: readonly ListenAddress[]): void {
  const unnamed = systemdSockets.besides(listen);
  for (const socket of systemdSockets.all) {
    const fields = { listen: formatHostPort(socket.address), name: socket.name };
    if (unnamed.includes(socket))
      log.warn("socket of systemd that listen does not name; RTMP is accepted on it too", fields);
    else log.info("socket of systemd", fields);
  }
}

function refuse(problem: string | undefined): undefined {
  if (problem !== undefined) throw new UserError(problem);
}
