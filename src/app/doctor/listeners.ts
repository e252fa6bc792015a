import { resolve } from "node:path";
import type { Named, OutsideListener } from "../../config/outside.ts";
import type { Finding } from "./finding.ts";
import type { World } from "./world.ts";

/** What was found of the addresses to listen on. */
export interface ListenersReport {
  readonly findings: readonly Finding[];
  /** What the server that runs with this configuration calls itself in hop traces; undefined when none runs. */
  readonly ownNode: string | undefined;
}

/** Looks whether each address can be listened on, and who has it. A server that runs with this very file is no problem. */
export async function examineListeners(
  listeners: readonly Named<OutsideListener>[],
  confPath: string | undefined,
  world: World,
): Promise<ListenersReport> {
  const findings: Finding[] = [];
  let ownNode: string | undefined;
  for (const about of listeners) {
    const { host, port, protocol } = about.outside;
    const problem = world.listenProblem({ host, port });
    if (problem === undefined) {
      findings.push({ about, state: "free", advice: undefined });
      continue;
    }
    if (!problem.taken) {
      findings.push({ about, state: problem.reason, advice: adviceFor(problem.reason) });
      continue;
    }
    const holder = world.portHolder(port);
    const known = holder === undefined ? "by a process that only root can see" : `by ${holder.name}, pid ${holder.pid}`;
    if (holder !== undefined && confPath !== undefined && runsWith(holder.command, confPath)) {
      findings.push({ about, state: `in use by the server of this file, pid ${holder.pid}`, advice: undefined });
      if (protocol === "rtmp") ownNode ??= await nodeAt(host, port, world);
    } else {
      findings.push({ about, state: `taken ${known}`, advice: "stop that one, or choose another port" });
    }
  }
  return { findings, ownNode };
}

function runsWith(command: readonly string[], confPath: string): boolean {
  return command.some((word) => resolve(word.replace(/^(?:--conf=|-c)(?=.)/, "")) === resolve(confPath));
}

async function nodeAt(host: string, port: number, world: World): Promise<string | undefined> {
  const at = host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host;
  const result = await world.probe({ host: at, port, tcUrl: `rtmp://${at}:${port}/live`, app: "live" });
  return result.answer === "connected" && result.node !== "" ? result.node : undefined;
}

function adviceFor(reason: string): string {
  if (reason.includes("permission")) return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
  return "write an address that this machine has, or the port alone for all of them";
}
