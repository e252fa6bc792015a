import { UserError } from "./errors.ts";

/** An IP address as bytes: 4 for IPv4 (`::ffff:192.0.2.1` too), 16 for IPv6. */
export type IpAddress = readonly number[];

/** All addresses that begin with the same bits. */
export interface Network {
  readonly address: IpAddress;
  /** How many bits count, 0 to 32 or 128. */
  readonly bits: number;
}

/** Bytes before the IPv4 address in an IPv4-mapped one (RFC 4291, 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** The smallest IPv6 network of one customer or host: the customer chooses the other 64 bits at will. */
const IPV6_SITE_BITS = 64;

/** Reads an address as systems and people write it, without brackets; a zone (`%eth0`) is ignored. Undefined for any other text. */
export function parseIp(text: string): IpAddress | undefined {
  const ipv4 = parseIPv4(text);
  if (ipv4 !== undefined) return ipv4;
  const ipv6 = parseIPv6(text.split("%", 1)[0] ?? "");
  return ipv6 !== undefined && MAPPED.every((byte, at) => ipv6[at] === byte) ? ipv6.slice(MAPPED.length) : ipv6;
}

/** The shortest spelling of an address (RFC 5952). */
export function formatIp(address: IpAddress): string {
  if (address.length === 4) return address.join(".");
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((address[at] ?? 0) << 8) | (address[at + 1] ?? 0)).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** The same text for every spelling of an address, IPv4-mapped ones as IPv4; text that is no address stays as it is. */
export function normaliseIp(text: string): string {
  // Strictly read, IPv4 has one spelling.
  if (!text.includes(":")) return text;
  const address = parseIp(text);
  return address === undefined ? text : formatIp(address);
}

/** Reads an address, or a network in CIDR notation (`10.0.0.0/8`, `2001:db8::/32`). Throws UserError. */
export function parseNetwork(text: string): Network {
  const [, given = "", suffix] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  const address = /^\[.*\]$/.test(given) || given.includes("%") ? undefined : parseIp(given);
  if (address === undefined) throw new UserError(`"${text}" is not an IP address or a network such as 10.0.0.0/8`);
  const all = address.length * 8;
  if (suffix === undefined) return { address, bits: all };
  // The first 96 bits of `::ffff:10.0.0.0/104` only mark it as IPv4.
  const mapped = given.includes(":") && all === 32 ? MAPPED.length * 8 : 0;
  const bits = /^[0-9]{1,3}$/.test(suffix) ? Number(suffix) - mapped : Number.NaN;
  if (!(bits >= 0 && bits <= all))
    throw new UserError(`"${text}": after the slash comes a number of bits, ${mapped} to ${mapped + all}`);
  const network = { address: masked(address, bits), bits };
  if (network.address.some((byte, at) => byte !== address[at])) {
    throw new UserError(
      `"${text}" is an address within a network; write ${formatNetwork(network)} or ${formatIp(address)}`,
    );
  }
  return network;
}

/** CIDR notation; an address alone without its bits. */
export function formatNetwork({ address, bits }: Network): string {
  return bits === address.length * 8 ? formatIp(address) : `${formatIp(address)}/${bits}`;
}

/** Whether an address belongs to a network. IPv6 networks, `::/0` too, contain no IPv4 address. */
export function contains({ address, bits }: Network, candidate: IpAddress): boolean {
  if (candidate.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (candidate[at] !== address[at]) return false;
  const shift = 8 - (bits & 7);
  return shift === 8 || (candidate[whole] ?? 0) >> shift === (address[whole] ?? 0) >> shift;
}

/** Offsets of the IPv4 address after a prefix of 96 bits. */
const LAST_BYTES = [12, 13, 14, 15];
/**
 * IPv6 networks whose addresses embed an IPv4 address, and the offsets where it may stand: NAT64 (RFC 6052), NAT64 with a
 * network's own prefix, whose length only that network knows (RFC 8215), 6to4.
 */
const WITH_IPV4 = [
  { network: parseNetwork("64:ff9b::/96"), offsets: [LAST_BYTES] },
  {
    network: parseNetwork("64:ff9b:1::/48"),
    offsets: [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], LAST_BYTES],
  },
  { network: parseNetwork("2002::/16"), offsets: [[2, 3, 4, 5]] },
];

/** The IPv4 addresses that an IPv6 address may embed, for a translator or a tunnel. */
export function innerIPv4s(address: IpAddress): IpAddress[] {
  const found = WITH_IPV4.find(({ network }) => contains(network, address));
  return (found?.offsets ?? []).map((bytes) => bytes.map((at) => address[at] ?? 0));
}

/** The network that clients are counted by: the IPv4 address, or the /64 network of an IPv6 address. */
function siteOf(address: IpAddress): Network {
  const bits = address.length === 4 ? 32 : IPV6_SITE_BITS;
  return { address: masked(address, bits), bits };
}

function masked(address: IpAddress, bits: number): IpAddress {
  return address.map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - at * 8))));
}

function parseIPv4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIPv6(text: string): IpAddress | undefined {
  if (!text.includes(":") || !/^[0-9A-Fa-f:.]+$/.test(text)) return undefined;
  const shortest = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (shortest === undefined) return undefined;
  const [before = [], after = []] = shortest.split("::").map((side) => side.split(":").filter((group) => group !== ""));
  const groups = [...before, ...new Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The name by which a customer's addresses are counted: the address itself, or the /64 network of IPv6. */
export function siteName(host: string): string {
  if (!host.includes(":")) return host;
  const address = parseIp(host);
  return address === undefined ? host : formatNetwork(siteOf(address));
}
