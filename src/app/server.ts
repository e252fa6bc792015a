import { UserError } from "../base/errors.ts";
import { Logging } from "../io/log/logging.ts";
import { systemClock } from "../io/os/clock.ts";
import { reapOrphans } from "../io/os/orphans.ts";
import { randomEpochId, randomId } from "../io/os/process.ts";
import { Systemd } from "../io/os/systemd.ts";
import { streamConfig } from "../live/config.ts";
import { Streams } from "../live/streams.ts";
import { ConfigHistory } from "./administration.ts";
import { configSecrets, type Environment, isStandardInput, loadConfig, readConfigText } from "./config/index.ts";
import { refuseSecond, startControl } from "./control.ts";
import { answerCall, controlSocketPaths } from "./control-sockets.ts";
import { reportFaults } from "./faults.ts";
import { makeFeatures } from "./features.ts";
import { FfmpegCheck } from "./ffmpeg-check.ts";
import { LiveConfig } from "./live-config.ts";
import { Network } from "./network.ts";
import { reload } from "./reload.ts";
import { Service } from "./service.ts";
import { takeSignals } from "./signals.ts";
import { sendFailure } from "./start-failure.ts";
import { runUntilStopped } from "./stop.ts";
import { idle, startSummary } from "./summary.ts";
import { surroundingsWarnings } from "./surroundings.ts";
import { meetingPoint, type OldProcess, replacedExecutable, takeOldProcess, Upgrade } from "./upgrade.ts";
import { welcome } from "./welcome.ts";

/** The options of a server. */
export interface ServerOptions {
  /** The configuration file, read again at each reload; "-" is standard input; undefined when only variables make the configuration. */
  readonly confPath: string | undefined;
  readonly environment: Environment;
  /** The names given by `--ignore`. */
  readonly ignored: readonly string[];
  /** This build's name and version for clients and the log. */
  readonly version: string;
  /** Shows lines to the person who has started a server without a configuration, once it listens. */
  greet(lines: readonly string[]): void;
}

/** Runs the server until it stops; returns the exit code. Throws UserError when it cannot start. */
export async function runServer(options: ServerOptions): Promise<number> {
  const startedWith = { ...process.env };
  const oldProcess = takeOldProcess(process.env);
  try {
    return await run(options, startedWith, oldProcess);
  } catch (error) {
    if (oldProcess !== undefined) await sendFailure(oldProcess.failures, error);
    throw error;
  }
}

async function run(
  { confPath, environment, ignored, version, greet }: ServerOptions,
  startedWith: Environment,
  oldProcess: OldProcess | undefined,
): Promise<number> {
  const input = isStandardInput(confPath) ? readConfigText(confPath) : undefined;
  const load = () => loadConfig({ path: confPath, text: input, orDefaults: true }, environment, ignored);
  const loaded = load();
  const { config, warnings } = loaded;
  const live = new LiveConfig(config);

  const clock = systemClock;
  const logging = new Logging(config.log, configSecrets(config), clock.wall);
  const { log } = logging;
  // A container's first process becomes the parent of orphaned processes; it waits for them until its end.
  if (process.pid === 1) reapOrphans(clock);
  const service = new Service(new Systemd(process.env, process.pid), clock, log);
  live.follow({ prepare: (next) => logging.prepare(next.log, configSecrets(next)) });
  const onFault = reportFaults(log);
  const network = new Network({ clock, log, live, onFault, oldProcess });
  const streams = new Streams(clock, onFault, randomEpochId);
  live.follow({
    apply(next, before) {
      for (const [name, vhost] of next.vhost)
        if (vhost !== before.vhost.get(name)) streams.configure(name, streamConfig(vhost));
    },
  });

  const ffmpegs = new FfmpegCheck();
  const ffmpegWarnings = await ffmpegs.refuse(config);
  ffmpegs.follow(live, log);

  const nodeId = oldProcess?.nodeId ?? randomId();
  const history = new ConfigHistory({
    ...{ live, loaded, log, wall: clock.wall, file: confPath },
    reload: () => reloadNow(),
  });
  live.follow(history);
  const features = makeFeatures({
    log,
    live,
    streams,
    hiddenStreams: new Streams(clock, onFault, randomEpochId),
    ffmpegs: ffmpegs.installed,
    nodeId,
    version,
    administration: history.administration,
    logTail: logging.tail,
    clusterSecret: () => history.clusterSecret.secret,
    ...network,
  });
  const { all, siblings, listening, connections, api, cluster, registry } = features;
  network.follow(listening, all);

  log.info("starting", { version, pid: process.pid, conf: confPath, node: nodeId });
  for (const warning of [...warnings, ...ffmpegWarnings, ...surroundingsWarnings(startedWith, config.pid)])
    log.warn(warning);
  network.logSockets(config);
  const reloadNow = () => {
    network.certificateReloader.check();
    return service.reload(() => {
      let read: typeof loaded | undefined;
      const answer = reload(live, () => (read = input === undefined ? load() : cannotReread()), log);
      history.reloaded(answer, read);
      return answer;
    });
  };
  const upgrade = new Upgrade({
    handover: siblings,
    log,
    nodeId,
    pidFile: config.pid,
    environment: startedWith,
    input,
    sockets: () => listening.sockets,
    succeeded(pid) {
      service.succeededBy(pid);
      signals.drainNow("upgrade");
    },
  });
  const upgradeNow = (asked?: string) => service.upgrade(() => upgrade.start(asked));
  const signals = takeSignals({
    hangUp() {
      if (replacedExecutable() === undefined) reloadNow();
      else void upgradeNow();
    },
    reopenLog: () => logging.reopen(),
    upgrade: () => void upgradeNow(),
    unused: (signal) => log.warn("signal ignored: it has no use here", { signal }),
  });
  if (oldProcess !== undefined) await siblings.join(oldProcess.socket, meetingPoint(config.pid));
  else if (config.pid !== "") await refuseSecond(config.pid);
  live.start();
  network.upgradeSockets.closeRest();
  const commands = { reload: reloadNow, upgrade: upgradeNow, api: (asked: string) => answerCall(api, asked) };
  const control = await startControl(config.pid, controlSocketPaths(config, startedWith), commands, log);
  siblings.ready();
  connections.start();
  cluster.start();
  registry.start();
  network.certificateReloader.logWarnings();
  const sendStatus = (line: string) =>
    service.status(logging.lost === 0 ? line : `${line} log_lines_lost=${logging.lost}`);
  const summary = startSummary(clock, log, () => all.report(), sendStatus);
  if (oldProcess === undefined) service.ready(idle);
  // After the log's lines, so that it is what people see last.
  if (oldProcess === undefined && loaded.isDefault) void logging.flush().then(() => greet(welcome(config)));

  const parts = { log, logging, live, service, signals, summary };
  await runUntilStopped({ ...features, ...parts, helpers: [control, network.certificateReloader] });
  return 0;
}

function cannotReread(): never {
  throw new UserError(
    "the configuration came from standard input, which can't be read again; give it as a file to reload it",
  );
}
