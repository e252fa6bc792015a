import { formatHostPort, type ListenAddress } from "../../base/address.ts";
import type { Network } from "../../base/network.ts";
import type { Problem } from "../../config/validate.ts";
import type { ListenEndpoint } from "../../io/net/listen-endpoint.ts";

/** The part of the configuration that determines the listeners. */
export interface EndpointsConfig {
  readonly listen: readonly ListenAddress[];
  readonly rtmps: {
    readonly listen: readonly ListenAddress[];
    readonly cert: readonly string[];
    readonly key: readonly string[];
  };
  readonly proxy_protocol: { readonly listen: readonly ListenAddress[]; readonly trusted: readonly Network[] };
}

/** All endpoints, each address once; port 0 is another port each time. */
export function endpointsOf({ listen, rtmps, proxy_protocol }: EndpointsConfig): readonly ListenEndpoint[] {
  const proxied = new Set(proxy_protocol.listen.map(formatHostPort));
  const endpoints: ListenEndpoint[] = [];
  const add = (address: ListenAddress, tls: boolean) => {
    const name = formatHostPort(address);
    const at = address.port === 0 ? -1 : endpoints.findIndex((endpoint) => formatHostPort(endpoint) === name);
    const before = endpoints[at];
    if (before === undefined)
      endpoints.push({ ...address, protocol: "rtmp", plain: !tls, tls, proxied: proxied.has(name) });
    else endpoints[at] = { ...before, plain: before.plain || !tls, tls: before.tls || tls };
  };
  for (const address of listen) add(address, false);
  for (const address of rtmps.listen) add(address, true);
  return endpoints;
}

/** The blocks that `endpointProblems` compares. */
export const endpointBlocks: readonly string[] = ["listen", "rtmps", "proxy_protocol"];

/** Conflicts between keys that are valid separately. */
export function endpointProblems(config: EndpointsConfig): readonly Problem[] {
  const { listen, rtmps, proxy_protocol } = config;
  const problems: Problem[] = [];
  if (listen.length + rtmps.listen.length === 0) {
    const message = "must not be empty, unless rtmps.listen names an address: nobody could come in";
    problems.push({ path: ["listen"], message });
  }
  if (rtmps.listen.length > 0 && rtmps.cert.length === 0) {
    problems.push({ path: ["rtmps", "listen"], message: "needs a certificate; set rtmps.cert and rtmps.key" });
  }
  if (rtmps.key.length > 0 && rtmps.key.length !== rtmps.cert.length) {
    const counts = `${count(rtmps.key.length, "key")} for ${count(rtmps.cert.length, "certificate")} in rtmps.cert`;
    const message = `${counts}; name one key for each certificate, in the same order`;
    problems.push({ path: ["rtmps", "key"], message });
  }
  problems.push(...overlaps("listen", listen, config), ...overlaps("rtmps.listen", rtmps.listen, config));
  const endpoints = new Set(endpointsOf(config).map(formatHostPort));
  for (const address of proxy_protocol.listen) {
    const name = formatHostPort(address);
    if (endpoints.has(name)) continue;
    const message = `${name} is neither in listen nor in rtmps.listen; name it there, too`;
    problems.push({ path: ["proxy_protocol", "listen"], message });
  }
  if (proxy_protocol.listen.length > 0 && proxy_protocol.trusted.length === 0) {
    const message = "needs the proxies' addresses; set proxy_protocol.trusted";
    problems.push({ path: ["proxy_protocol", "listen"], message });
  }
  return problems;
}

/** Addresses of a key that can't be bound beside a wider one. */
function overlaps(key: string, addresses: readonly ListenAddress[], config: EndpointsConfig): Problem[] {
  const endpoints = endpointsOf(config);
  return addresses.flatMap((address, at) => {
    const around = endpoints.find((endpoint) => endpoint.port !== 0 && isPartOf(address, endpoint));
    if (around === undefined) return [];
    const every =
      around.host === "::" ? `${around.port}, every address` : `${formatHostPort(around)}, every IPv4 address`;
    const message = `${formatHostPort(address)} is part of ${every}, that is listened on, too; leave out one of the two`;
    // One address alone is written without a list.
    return [{ path: [...key.split("."), ...(addresses.length === 1 ? [] : [at])], message }];
  });
}

function isPartOf({ host, port }: ListenAddress, around: ListenAddress): boolean {
  if (port !== around.port || host === around.host) return false;
  // A name may resolve to an address of either kind.
  return around.host === "::" || (around.host === "0.0.0.0" && /^[\d.]+$/.test(host));
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
