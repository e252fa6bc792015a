import { contains, type IpAddress, parseIp, parseNetwork } from "./network.ts";

/** Networks that are not of the public internet: this host, private, link-local and shared ones, tests of networks, multicast. */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
  "::/128",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
].map(parseNetwork);

/** Networks of IPv6 whose addresses stand for an IPv4 one, and the byte at which that begins: NAT64, 6to4. */
const WITH_IPV4 = [
  { network: parseNetwork("64:ff9b::/96"), at: 12 },
  { network: parseNetwork("64:ff9b:1::/48"), at: 12 },
  { network: parseNetwork("2002::/16"), at: 2 },
] as const;

/** Whether an IP address is one of the public internet; what is no address is not. */
export function isPublicIp(text: string): boolean {
  const address = parseIp(text);
  return address !== undefined && isPublic(address);
}

function isPublic(address: IpAddress): boolean {
  if (NOT_PUBLIC.some((network) => contains(network, address))) return false;
  const found = WITH_IPV4.find(({ network }) => contains(network, address));
  return found === undefined || isPublic(address.slice(found.at, found.at + 4));
}
