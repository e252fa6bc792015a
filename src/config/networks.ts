import { UserError } from "../base/errors.ts";
import { formatNetwork, type Network, parseNetwork } from "../base/network.ts";
import { type Key, list } from "./key.ts";
import { show } from "./show.ts";

/** A key that is a list of addresses and networks, live, empty by default. */
export function networks(doc: string, example: readonly string[]): Key<readonly Network[]> {
  return list<Network>({
    default: [],
    type: `an address or a network, "192.168.1.6", "10.0.0.0/8", "2001:db8::/32", or a list of these`,
    doc,
    example,
    reload: "live",
    parse(value) {
      if (typeof value !== "string")
        throw new UserError(`must be an address or a network such as "10.0.0.0/8", not ${show(value)}`);
      return parseNetwork(value);
    },
    toToml: formatNetwork,
    identity: formatNetwork,
  });
}
