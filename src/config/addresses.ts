import { formatHostPort, type ListenAddress, parseListen } from "../base/address.ts";
import { UserError } from "../base/errors.ts";
import { list } from "./key.ts";
import type { ListenerResource } from "./resources.ts";
import { show } from "./show.ts";

/** A key that is a list of addresses to listen on, live. */
export function addresses(options: {
  readonly default: readonly ListenAddress[];
  readonly doc: string;
  readonly example: number | readonly (string | number)[];
  /** The protocol of the listener; undefined where another key decides. */
  readonly protocol: ListenerResource["protocol"] | undefined;
  /** The host of a bare port; every address by default. */
  readonly bareHost?: string;
}) {
  const { protocol, bareHost = "::", ...rest } = options;
  return list<ListenAddress>({
    ...rest,
    ...(protocol === undefined ? {} : { resource: ({ host, port }) => ({ kind: "listener", protocol, host, port }) }),
    type: `a port, "address:port", or a list of these`,
    reload: "live",
    json: { type: ["integer", "string"] },
    parse: (value) => readListen(value, bareHost),
    toToml: (address) => (address.host === bareHost ? address.port : formatHostPort(address)),
    // Port 0 is another port each time.
    identity: (address) => (address.port === 0 ? undefined : formatHostPort(address)),
  });
}

function readListen(value: unknown, bareHost: string): ListenAddress {
  if (typeof value === "string" || typeof value === "number") {
    const isBare = typeof value === "number" || /^[0-9]+$/.test(value);
    return isBare ? { ...parseListen(value), host: bareHost } : parseListen(value);
  }
  throw new UserError(`must be a port or "address:port", not ${show(value)}`);
}
