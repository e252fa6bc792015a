import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { ListenAddress } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import type { OutsideFile } from "../../config/resources.ts";
import { fileProblem } from "../../io/files/file-problem.ts";
import { Tcp } from "../../io/net/tcp.ts";
import { systemClock } from "../../io/os/clock.ts";
import { type PortHolder, portHolders } from "../../io/os/port-holder.ts";
import { fillRandom, openFilesProblem } from "../../io/os/process.ts";
import { describeSocketError, errorCode } from "../../io/os/socket-errors.ts";
import { Certificates } from "../../io/tls/certificates.ts";
import { Trust } from "../../io/tls/trust.ts";
import { type ProbeResult, type ProbeTarget, probe } from "../../relay/probe.ts";
import { defaultLimits } from "../../rtmp/limits.ts";
import type { Config } from "../config/index.ts";

const LOOKUP_MS = 5000;
const DIAL_MS = 5000;

/** All that an examination asks of the machine and of the network. */
export interface SystemProbes {
  /** The addresses of a name. Throws UserError. */
  resolve(host: string): Promise<readonly string[]>;
  /** Dials an RTMP server, shakes hands and connects. */
  probe(target: ProbeTarget): Promise<ProbeResult>;
  /** Why an address can't be connected to, or its server with TLS not believed; undefined when it can. */
  dial(host: string, port: number, tls: boolean): Promise<string | undefined>;
  /** The addresses of this machine. */
  ownAddresses(): ReadonlySet<string>;
  /** Why an address can't be listened on; undefined when it can. */
  listenProblem(address: ListenAddress): { readonly taken: boolean; readonly reason: string } | undefined;
  portHolders(port: number): readonly PortHolder[];
  /** Why the server could not do with a file what it has to; undefined when it can. */
  fileProblem(path: string, use: OutsideFile["use"]): string | undefined;
  openFilesProblem(connections: number): string | undefined;
  /** What is wrong with certificates, their keys and whom to believe; one line each. */
  ruleProblems(config: Config): readonly string[];
}

/** The real one, in which servers are believed by `[rtmps]` of the configuration. */
export function systemProbes({ rtmps }: Config): SystemProbes {
  const trust = new Trust();
  // What is wrong with it, `ruleProblems` tells.
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
    ruleProblems(config) {
      const certificates = new Certificates();
      const missing = (line: string) => !line.includes("cannot read");
      return [
        // A file that can't be read is told of where it stands.
        ...linesOf(() => certificates.prepare(config.rtmps).apply()).filter(missing),
        ...linesOf(() => void trust.prepare(config.rtmps)).filter(missing),
        ...certificates.warnings(systemClock.wall()),
      ];
    },
  };
}

/** The lines of the operator's mistakes that something throws. */
function linesOf(run: () => void): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message.split("\n");
  }
}
