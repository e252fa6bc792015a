import type { ListenAddress } from "../../base/address.ts";
import type { OutsideFile } from "../../config/resources.ts";
import type { PortHolder } from "../../io/os/port-holder.ts";
import type { ProbeResult, ProbeTarget } from "../../relay/probe.ts";

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
  ruleProblems(): readonly string[];
  /** Whether two paths name the same place, seen from the working directory. */
  isSamePath(one: string, other: string): boolean;
}
