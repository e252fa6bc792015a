import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { resolve as resolvePath } from "node:path";
import { UserError } from "../base/errors.ts";
import type { SystemProbes } from "../features/doctor/system-probes.ts";
import { probeRegistry } from "../features/registry/probe.ts";
import { fileProblem } from "../io/files/file-problem.ts";
import { redisOpener } from "../io/net/redis.ts";
import { Tcp } from "../io/net/tcp.ts";
import { systemClock } from "../io/os/clock.ts";
import { portHolders } from "../io/os/port-holder.ts";
import { fillRandom, openFilesProblem, randomId } from "../io/os/process.ts";
import { describeSocketError, errorCode } from "../io/os/socket-errors.ts";
import { Certificates } from "../io/tls/certificates.ts";
import { Trust } from "../io/tls/trust.ts";
import { probe } from "../relay/probe.ts";
import { defaultLimits } from "../rtmp/limits.ts";
import type { Config } from "./config/index.ts";

const LOOKUP_MS = 5000;
const DIAL_MS = 5000;

/** Probes of the real machine and network; `[rtmps]` of the configuration decides on trust. */
export function systemProbes({ rtmps, http_server, cluster, vhost }: Config): SystemProbes {
  const trust = new Trust();
  // `ruleProblems` reports its mistakes.
  linesOf(() => trust.prepare(rtmps).apply());
  const tcp = new Tcp(systemClock, undefined, undefined, trust);
  return {
    async resolve(host) {
      if (isIP(host) !== 0) return [host];
      const late = new Promise<never>((_, reject) => {
        setTimeout(
          () => reject(new UserError(`host name lookup took more than ${LOOKUP_MS / 1000} s`)),
          LOOKUP_MS,
        ).unref();
      });
      const found = lookup(host, { all: true }).catch((error: unknown) => {
        throw new UserError(describeSocketError(error), { cause: error });
      });
      return (await Promise.race([found, late])).map(({ address }) => address);
    },
    probe: (target) => {
      return probe({ clock: systemClock, dial: tcp.dial, random: fillRandom, limits: defaultLimits }, target);
    },
    dial: (host, port, tls) =>
      new Promise((resolve) => {
        tcp.dial(
          { host, port, tls, timeoutMs: DIAL_MS },
          {
            onOpen(transport) {
              resolve(undefined);
              transport.abort();
            },
            onData() {},
            onDrain() {},
            onClose: (reason) => resolve(reason ?? "closed as soon as it was open"),
          },
        );
      }),
    registry: (server) =>
      probeRegistry(server, {
        ...{ clock: systemClock, openRedis: redisOpener(trust), id: randomId() },
        ...{ prefix: cluster.registry_prefix, vhosts: [...vhost.keys()], isOnly: cluster.registry.length === 1 },
      }),
    ownAddresses: () =>
      new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))),
    listenProblem(address) {
      try {
        tcp.listen(address, () => undefined).stop();
        return undefined;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { taken: errorCode(error.cause) === "EADDRINUSE", reason: describeSocketError(error.cause) };
      }
    },
    portHolders,
    fileProblem,
    openFilesProblem,
    isSamePath: (one, other) => resolvePath(one) === resolvePath(other),
    ruleProblems() {
      const certificates = [
        { loaded: new Certificates(), files: rtmps },
        { loaded: new Certificates("http_server.tls"), files: http_server.tls },
      ];
      const missing = (line: string) => !line.includes("cannot read");
      return [
        // A file that can't be read is reported where it is named.
        ...certificates.flatMap(({ loaded, files }) => linesOf(() => loaded.prepare(files).apply())).filter(missing),
        ...linesOf(() => void trust.prepare(rtmps)).filter(missing),
        ...certificates.flatMap(({ loaded }) => loaded.warnings(systemClock.wall())),
      ];
    },
  };
}

/** The lines of a thrown UserError. */
function linesOf(run: () => void): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message.split("\n");
  }
}
