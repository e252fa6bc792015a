import { UserError } from "./errors.ts";

/** A host and a TCP port. IPv6 hosts are without brackets and in their shortest form; names are in lower case. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address to listen on. Host `::` is every address of the machine, IPv4 and IPv6; port 0 lets the system choose. */
export type ListenAddress = HostPort;

/** RTMP's registered port. */
export const rtmpPort = 1935;

/** Usual port of RTMP over TLS: platforms listen for it on the port of HTTPS. */
export const rtmpsPort = 443;

/** `host:port`, with the brackets that an IPv6 host needs. */
export function formatHostPort(address: HostPort): string {
  return `${bracketed(address.host)}:${address.port}`;
}

/** Whether an address can't be bound beside a wider one, of which it is a part. */
export function isPartOf({ host, port }: ListenAddress, around: ListenAddress): boolean {
  if (port !== around.port || host === around.host) return false;
  // A name may resolve to an address of either kind.
  return around.host === "::" || (around.host === "0.0.0.0" && /^[\d.]+$/.test(host));
}

/** Whether two listeners can't have these addresses, as they are one or overlap; port 0 is another port each time. */
export function collide(address: ListenAddress, other: ListenAddress): boolean {
  if (address.port === 0 || address.port !== other.port) return false;
  return address.host === other.host || isPartOf(address, other) || isPartOf(other, address);
}

/** The host as a URL writes it. */
function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Reads a port number, `"address:port"` or `"[v6]:port"`. Throws UserError. */
export function parseListen(value: string | number): ListenAddress {
  const text = String(value);
  if (typeof value === "number" || /^[0-9]+$/.test(text)) return { host: "::", port: readPort(text, 0) };
  const { host, port } = splitHostPort(text);
  if (port === undefined) throw new UserError(`"${text}" has no port; write "${bracketed(host)}:${rtmpPort}"`);
  return { host, port: readPort(port, 0) };
}

/** Reads `host`, `host:port`, `[v6]` or `[v6]:port` of a peer to dial. Throws UserError. */
export function parseHostPort(text: string, defaultPort: number): HostPort {
  const { host, port } = splitHostPort(text);
  return { host, port: port === undefined ? defaultPort : readPort(port, 1) };
}

function splitHostPort(text: string): { host: string; port: string | undefined } {
  const ipv6 = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (ipv6) return { host: readIPv6(ipv6[1] ?? ""), port: ipv6[2] };
  if (text.split(":").length > 2) {
    throw new UserError(`"${text}" is ambiguous; write an IPv6 address in brackets, as in "[::1]:${rtmpPort}"`);
  }
  const [host = "", port] = text.split(":");
  return { host: readHost(host, text), port };
}

function readHost(host: string, text: string): string {
  if (host === "") throw new UserError(`"${text}" has no host`);
  if (/^[0-9.]+$/.test(host)) {
    if (!isIPv4(host)) throw new UserError(`"${host}" is not an IPv4 address`);
    return host;
  }
  if (!/^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(host) || host.includes("..") || host.length > 253) {
    throw new UserError(`"${host}" is not a host name or an address`);
  }
  return host.toLowerCase();
}

function readIPv6(text: string): string {
  const [address = "", zone] = text.split("%", 2);
  const url = /^[0-9A-Fa-f:.]+$/.test(address) ? URL.parse(`http://[${address}]/`) : null;
  if (!url || (zone !== undefined && !/^[\w.-]+$/.test(zone)))
    throw new UserError(`"[${text}]" is not an IPv6 address`);
  const shortest = url.hostname.slice(1, -1);
  return zone === undefined ? shortest : `${shortest}%${zone}`;
}

function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

function readPort(text: string, lowest: number): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= lowest && port <= 65535)) throw new UserError(`"${text}" is not a port, ${lowest} to 65535`);
  return port;
}
