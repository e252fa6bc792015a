import { choice, integer } from "../../config/key.ts";
import { networks } from "../../config/networks.ts";
import { table, type ValueOf } from "../../config/table.ts";

/** No limit. */
const NONE = 0;
const MIB = 1024 * 1024;

/** `[limits]` */
export const limitsTable = table("Limits on the clients of all vhosts; max_connections is at the top of the file.", {
  max_connections_per_address: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "Maximum number of connections from one IPv4 address or one /64 network of IPv6; 0 for no limit.",
    reload: "live",
  }),
  max_connects_per_minute: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "New connections a minute from one address; the first minute's may all come at once. 0 for no limit.",
    reload: "live",
  }),
  max_requests_per_minute: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 10_000_000,
    doc: "HTTP requests a minute from one address; the first minute's may all come at once. 0 for no limit.",
    reload: "live",
  }),
  exempt: networks(
    "Addresses to which the limits for each address don't apply: a NAT, a load balancer, servers of the cluster.",
    ["192.168.1.5", "10.0.0.0/8"],
  ),
  handshake_timeout: integer({
    default: 30_000,
    unit: "milliseconds",
    min: 1000,
    max: 86_400_000,
    doc: "Time for a connection's handshake and connect; a slower one is closed.",
    reload: "live",
  }),
  idle_timeout: integer({
    default: 180_000,
    unit: "milliseconds",
    min: 1000,
    max: 86_400_000,
    doc: "A connection that neither publishes nor plays for this long is closed; encoders pause between two streams.",
    reload: "live",
  }),
  input_memory: integer({
    default: 64 * MIB,
    unit: "bytes",
    min: 4 * MIB,
    max: 1024 * 1024 * MIB,
    doc: "Maximum memory for the input of all connections: bytes that wait to be processed, and incomplete messages.",
    reload: "live",
  }),
});

/** `[vhost.NAME.limits]` */
export const vhostLimitsTable = table("Limits on the clients of the vhost.", {
  max_players: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "Maximum number of players of one stream; a server that pulls it is one of them. 0 for no limit.",
    reload: "live",
  }),
  max_streams: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "Maximum number of published streams, and of streams that players only wait for; 0 for no limit.",
    reload: "live",
  }),
  max_publish_kbps: integer({
    default: NONE,
    unit: "kbit/s",
    min: 0,
    max: 10_000_000,
    doc: "Maximum bitrate of a publisher, as an average over ten seconds; 0 for no limit.",
    reload: "live",
  }),
  on_excess: choice(["disconnect", "warn"], {
    default: "disconnect",
    doc: "What happens to a publisher that sends more than max_publish_kbps.",
    reload: "live",
  }),
});

/** The limits that apply to each address. */
export type AddressLimits = Pick<
  ValueOf<typeof limitsTable>,
  "max_connections_per_address" | "max_connects_per_minute" | "max_requests_per_minute" | "exempt"
>;

/** A vhost's limits. */
export type VhostLimits = ValueOf<typeof vhostLimitsTable>;
