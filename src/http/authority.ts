import { parseIp } from "../base/network.ts";
import { httpLimits } from "./limits.ts";

/** A host and a port, as in Host and absolute targets. */
export interface Authority {
  /** In lower case, without a dot at its end; IPv6 in brackets; may be empty. */
  readonly host: string;
  /** Undefined if none is given: the scheme's default. */
  readonly port: number | undefined;
}

const NAME = /^([A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?$/;

/**
 * Reads `host`, `host:port`, `[v6]` or `[v6]:port` (RFC 9110, 7.2; RFC 3986, 3.2.2). Undefined for anything else: user
 * information, percent-encoding, and other characters that host names don't have.
 */
export function parseAuthority(text: string): Authority | undefined {
  const [, name, digits = ""] = NAME.exec(text) ?? [];
  if (name === undefined || name.length > httpLimits.hostCharacters) return undefined;
  const port = digits === "" ? undefined : Number(digits);
  if (port !== undefined && port > 65535) return undefined;
  if (name.startsWith("[") && (!name.includes(":") || parseIp(name.slice(1, -1)) === undefined)) return undefined;
  const host = name.toLowerCase();
  if (host === "." || host.includes("..") || (host === "" && port !== undefined)) return undefined;
  return { host: host.endsWith(".") ? host.slice(0, -1) : host, port };
}

/** Whether both are the same host and port; a missing port is `defaultPort`. */
export function sameAuthority(one: Authority, other: Authority, defaultPort: number): boolean {
  return one.host === other.host && (one.port ?? defaultPort) === (other.port ?? defaultPort);
}
