import { UserError } from "../../base/errors.ts";
import { formatNetwork, type Network, parseNetwork } from "../../base/network.ts";
import { addresses } from "../../config/addresses.ts";
import { list } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table } from "../../config/table.ts";

/** `[proxy_protocol]` */
export const proxyProtocolTable = table(
  "Proxies and load balancers in front of the server that report the client's address by the PROXY protocol, version 1 or 2.",
  {
    listen: addresses({
      default: [],
      doc: "Addresses of listen, rtmps.listen, http_server and http_api on which every connection begins with a PROXY protocol header.",
      example: [1935],
      protocol: undefined,
    }),
    trusted: list<Network>({
      default: [],
      type: "an IP address, a network such as 10.0.0.0/8, or a list of these",
      doc: "Addresses of the proxies; others are refused there, as they could claim to be any client.",
      example: ["10.0.0.0/8", "2001:db8::7"],
      reload: "live",
      parse: readNetwork,
      toToml: formatNetwork,
      identity: formatNetwork,
    }),
  },
);

function readNetwork(value: unknown): Network {
  if (typeof value === "string" && value !== "") return parseNetwork(value);
  throw new UserError(`must be an IP address or a network such as 10.0.0.0/8, not ${show(value)}`);
}
