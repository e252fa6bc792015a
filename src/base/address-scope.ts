import { contains, type IpAddress, innerIPv4s, parseIp, parseNetwork } from "./network.ts";

/** All of public IPv6, and the NAT64 prefix by which IPv6 hosts reach public IPv4. */
const PUBLIC_IPV6 = ["2000::/3", "64:ff9b::/96"].map(parseNetwork);
/** Networks that are not public: this host, private, link-local, shared, documentation, benchmarks, multicast, Teredo. */
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
  "2001::/32",
].map(parseNetwork);

/** Whether `text` is a public IP address; false for text that is no address. */
export function isPublicIp(text: string): boolean {
  const address = parseIp(text);
  return address !== undefined && isPublic(address);
}

function isPublic(address: IpAddress): boolean {
  if (address.length > 4 && !PUBLIC_IPV6.some((network) => contains(network, address))) return false;
  if (NOT_PUBLIC.some((network) => contains(network, address))) return false;
  return innerIPv4s(address).every(isPublic);
}
