import { formatHostPort, isPartOf, type ListenAddress } from "../../base/address.ts";
import type { Network } from "../../base/network.ts";
import type { Path } from "../../config/show.ts";
import type { Problem } from "../../config/validate.ts";
import type { ListenEndpoint } from "../../io/net/listen-endpoint.ts";
import type { CertificateFiles } from "../../io/tls/certificates.ts";

/** A table whose listeners use TLS. */
interface TlsConfig extends CertificateFiles {
  readonly listen: readonly ListenAddress[];
}

/** The part of the configuration that determines the listeners. */
export interface EndpointsConfig {
  readonly listen: readonly ListenAddress[];
  readonly rtmps: TlsConfig;
  readonly http_server: { readonly listen: readonly ListenAddress[]; readonly tls: TlsConfig };
  readonly http_api: { readonly listen: readonly ListenAddress[]; readonly user: ReadonlyMap<string, unknown> };
  readonly cluster: { readonly secret: string; readonly secret_file: string };
  readonly proxy_protocol: { readonly listen: readonly ListenAddress[]; readonly trusted: readonly Network[] };
}

/** A key that names addresses to listen on. */
interface ListenKey {
  readonly path: Path;
  readonly protocol: ListenEndpoint["protocol"];
  readonly tls: boolean;
  readonly addresses: readonly ListenAddress[];
}

/** All endpoints, each address once; port 0 is another port each time. */
export function endpointsOf(config: EndpointsConfig): readonly ListenEndpoint[] {
  const proxied = new Set(config.proxy_protocol.listen.map(formatHostPort));
  const endpoints: ListenEndpoint[] = [];
  for (const { protocol, tls, addresses } of listenKeys(config)) {
    for (const address of addresses) {
      const name = formatHostPort(address);
      const at = address.port === 0 ? -1 : endpoints.findIndex((endpoint) => formatHostPort(endpoint) === name);
      const before = endpoints[at];
      if (before === undefined) endpoints.push({ ...address, protocol, plain: !tls, tls, proxied: proxied.has(name) });
      // Two protocols at one address are a problem, reported below.
      else if (before.protocol === protocol)
        endpoints[at] = { ...before, plain: before.plain || !tls, tls: before.tls || tls };
    }
  }
  return endpoints;
}

/** The certificates of HTTPS: its own, or those of RTMPS if it has none. */
function httpCertificates({ rtmps, http_server: { tls } }: EndpointsConfig): CertificateFiles {
  return tls.cert.length > 0 ? tls : rtmps;
}

/** The blocks that `endpointProblems` compares. */
export const endpointBlocks: readonly string[] = [
  "listen",
  "rtmps",
  "http_server",
  "http_api",
  "cluster",
  "proxy_protocol",
];

/** Conflicts between keys that are valid separately. */
export function endpointProblems(config: EndpointsConfig): readonly Problem[] {
  const { rtmps, http_server, http_api, cluster, proxy_protocol } = config;
  const keys = listenKeys(config);
  const problems: Problem[] = [];
  if (keys.every(({ protocol, addresses }) => protocol === "api" || addresses.length === 0)) {
    const message =
      "must not be empty, unless rtmps.listen or http_server.listen names an address: nobody could connect";
    problems.push({ path: ["listen"], message });
  }
  if (rtmps.listen.length > 0 && rtmps.cert.length === 0) {
    problems.push({ path: ["rtmps", "listen"], message: "needs a certificate; set rtmps.cert and rtmps.key" });
  }
  if (http_server.tls.listen.length > 0 && httpCertificates(config).cert.length === 0) {
    const message = "needs a certificate; set http_server.tls.cert and http_server.tls.key, or those of rtmps";
    problems.push({ path: ["http_server", "tls", "listen"], message });
  }
  const reached = http_api.listen.find(({ host }) => !isLoopback(host));
  // Without users, other machines get nothing but the signed answers to other nodes.
  const isForNodes = cluster.secret !== "" || cluster.secret_file !== "";
  if (reached !== undefined && http_api.user.size === 0 && !isForNodes) {
    const message = `${formatHostPort(reached)} can be reached from other machines, so it needs users; add [http_api.user.NAME] with password_file, or listen on 127.0.0.1`;
    problems.push({ path: ["http_api", "listen"], message });
  }
  problems.push(...keyProblems("rtmps", rtmps), ...keyProblems("http_server.tls", http_server.tls));
  problems.push(...keys.flatMap((key) => overlaps(key, keys, config)));
  const endpoints = new Set(endpointsOf(config).map(formatHostPort));
  for (const address of proxy_protocol.listen) {
    const name = formatHostPort(address);
    if (endpoints.has(name)) continue;
    const message = `${name} is neither in listen nor in rtmps.listen, nor in one of http_server or http_api; name it there, too`;
    problems.push({ path: ["proxy_protocol", "listen"], message });
  }
  if (proxy_protocol.listen.length > 0 && proxy_protocol.trusted.length === 0) {
    const message = "needs the proxies' addresses; set proxy_protocol.trusted";
    problems.push({ path: ["proxy_protocol", "listen"], message });
  }
  return problems;
}

function listenKeys(config: EndpointsConfig): readonly ListenKey[] {
  const { listen, rtmps, http_server, http_api } = config;
  const { listen: http, tls } = http_server;
  return [
    { path: ["listen"], protocol: "rtmp", tls: false, addresses: listen },
    { path: ["rtmps", "listen"], protocol: "rtmp", tls: true, addresses: rtmps.listen },
    { path: ["http_server", "listen"], protocol: "http", tls: false, addresses: http },
    { path: ["http_server", "tls", "listen"], protocol: "http", tls: true, addresses: tls.listen },
    { path: ["http_api", "listen"], protocol: "api", tls: false, addresses: http_api.listen },
  ];
}

function keyProblems(table: string, { cert, key }: CertificateFiles): Problem[] {
  if (key.length === 0 || key.length === cert.length) return [];
  const counts = `${count(key.length, "key")} for ${count(cert.length, "certificate")} in ${table}.cert`;
  const message = `${counts}; name one key for each certificate, in the same order`;
  return [{ path: [...table.split("."), "key"], message }];
}

/** Addresses of a key that can't be bound beside a wider one, or that another protocol has. */
function overlaps(key: ListenKey, keys: readonly ListenKey[], config: EndpointsConfig): Problem[] {
  const endpoints = endpointsOf(config);
  return key.addresses.flatMap((address, at) => {
    const message = sharedWith(address, key, keys) ?? partOf(address, endpoints);
    // One address alone is written without a list.
    return message === undefined ? [] : [{ path: [...key.path, ...(key.addresses.length === 1 ? [] : [at])], message }];
  });
}

/** The problem is reported at the later of the two keys. */
function sharedWith(address: ListenAddress, key: ListenKey, keys: readonly ListenKey[]): string | undefined {
  if (address.port === 0) return undefined;
  const name = formatHostPort(address);
  const other = keys
    .slice(0, keys.indexOf(key))
    .find(({ protocol, addresses }) => protocol !== key.protocol && addresses.map(formatHostPort).includes(name));
  if (other === undefined) return undefined;
  const where = address.host === "::" ? `port ${address.port}` : name;
  return `${where} is in ${other.path.join(".")}, too, for ${protocolNames[other.protocol]}; give each protocol a port of its own`;
}

function partOf(address: ListenAddress, endpoints: readonly ListenEndpoint[]): string | undefined {
  const around = endpoints.find((endpoint) => endpoint.port !== 0 && isPartOf(address, endpoint));
  if (around === undefined) return undefined;
  const every =
    around.host === "::" ? `${around.port}, every address` : `${formatHostPort(around)}, every IPv4 address`;
  return `${formatHostPort(address)} is part of ${every}, which is listened on, too; remove one of the two`;
}

const protocolNames = { rtmp: "RTMP", http: "HTTP", api: "administration" } as const;

/** Whether a host is the machine itself, so that no other one reaches it. */
export function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || /^127\./.test(host);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
