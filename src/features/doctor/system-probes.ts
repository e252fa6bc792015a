import type { ListenAddress } from "../../base/address.ts";
import type { RedisServer } from "../../base/redis.ts";
import type { FileResource } from "../../config/resources.ts";
import type { PortHolder } from "../../io/os/port-holder.ts";
import type { ProbeResult, ProbeTarget } from "../../relay/probe.ts";

/** What an examination needs from the machine and the network. */
export interface SystemProbes {
  /** The addresses of a name. Throws UserError. */
  resolve(host: string): Promise<readonly string[]>;
  /** Dials an RTMP server, shakes hands and connects. */
  probe(target: ProbeTarget): Promise<ProbeResult>;
  /** Why an address can't be connected to, or its TLS server is not trusted; undefined when all is well. */
  dial(host: string, port: number, tls: boolean): Promise<string | undefined>;
  /** The state of a server of the registry, and what to do if something is wrong with it. */
  registry(server: RedisServer): Promise<{ readonly state: string; readonly advice: string | undefined }>;
  /** The addresses of this machine. */
  ownAddresses(): ReadonlySet<string>;
  /** Why an address can't be listened on; undefined when it can. */
  listenProblem(address: ListenAddress): { readonly taken: boolean; readonly reason: string } | undefined;
  portHolders(port: number): readonly PortHolder[];
  /** Why the server could not use a file as its key requires; undefined when it can. */
  fileProblem(path: string, use: FileResource["use"]): string | undefined;
  openFilesProblem(connections: number): string | undefined;
  /** Problems of certificates, their keys and trust; one line each. */
  ruleProblems(): readonly string[];
  /** Whether two paths name the same place, seen from the working directory. */
  isSamePath(one: string, other: string): boolean;
}
