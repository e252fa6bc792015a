import { contains, type IpAddress, innerIPv4, parseIp, parseNetwork } from "./network.ts";

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

/** Whether an IP address is one of the public internet; what is no address is not. */
export function isPublicIp(text: string): boolean {
  const address = parseIp(text);
  return address !== undefined && isPublic(address);
}

function isPublic(address: IpAddress): boolean {
  if (NOT_PUBLIC.some((network) => contains(network, address))) return false;
  const inner = innerIPv4(address);
  return inner === undefined || isPublic(inner);
}
