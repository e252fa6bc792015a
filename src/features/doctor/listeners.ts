import type { ListenerResource, Named } from "../../config/resources.ts";
import type { PortHolder } from "../../io/os/port-holder.ts";
import type { Finding } from "./finding.ts";
import type { SystemProbes } from "./system-probes.ts";

/** Findings for the listen addresses. */
export interface ListenersReport {
  readonly findings: readonly Finding[];
  /** The id of the server that runs with this configuration, as in hop traces; undefined when none runs. */
  readonly ownNode: string | undefined;
}

/**
 * Checks whether each address can be listened on, and which process occupies it. An address that the server of this file occupies
 * is no problem.
 */
export async function examineListeners(
  listeners: readonly Named<ListenerResource>[],
  confPath: string | undefined,
  probes: SystemProbes,
): Promise<ListenersReport> {
  const findings: Finding[] = [];
  let ownNode: string | undefined;
  for (const about of listeners) {
    const { host, port, protocol } = about.resource;
    const problem = probes.listenProblem({ host, port });
    if (problem === undefined) {
      findings.push({ about, state: "free", advice: undefined });
      continue;
    }
    if (!problem.taken) {
      findings.push({ about, state: problem.reason, advice: adviceFor(problem.reason) });
      continue;
    }
    const holders = probes.portHolders(port);
    const own = holders.find(({ command }) => confPath !== undefined && runsWith(command, confPath, probes));
    if (own !== undefined) {
      findings.push({ about, state: `in use by the server of this file, pid ${own.pid}`, advice: undefined });
      if (protocol === "rtmp") ownNode ??= await nodeAt(host, port, probes);
    } else if (holders.length === 1 && holders.some(isSystemd)) {
      findings.push({ about, state: "kept by systemd for a socket unit's service", advice: undefined });
    } else {
      const known = holders.map(({ name, pid }) => `${name}, pid ${pid}`).join(" and ");
      const state = `taken by ${known === "" ? "a process that only root can see" : known}`;
      findings.push({ about, state, advice: "stop that one, or choose another port" });
    }
  }
  return { findings, ownNode };
}

/** Checks the name, too: in a container, process 1 may be any program. */
function isSystemd({ pid, name }: PortHolder): boolean {
  return pid === 1 && (name === "systemd" || name === "init");
}

function runsWith(command: readonly string[], confPath: string, probes: SystemProbes): boolean {
  return command.some((word) => probes.isSamePath(word.replace(/^(?:--conf=|-c)(?=.)/, ""), confPath));
}

async function nodeAt(host: string, port: number, probes: SystemProbes): Promise<string | undefined> {
  const at = host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host;
  const result = await probes.probe({ host: at, port, tls: false, tcUrl: `rtmp://${at}:${port}/live`, app: "live" });
  return result.answer === "connected" && result.node !== "" ? result.node : undefined;
}

function adviceFor(reason: string): string {
  if (reason.includes("permission")) return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
  return "write an address that this machine has, or the port alone for all of them";
}
