import { choice, integer } from "../../config/key.ts";
import { networks } from "../../config/networks.ts";
import { table, type ValueOf } from "../../config/table.ts";

/** No limit. */
const NONE = 0;
const MIB = 1024 * 1024;

/** `[limits]` */
export const limitsTable = table("What clients may cost the server; max_connections is at the top of the file.", {
  max_connections_per_address: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "Most connections at a time from one IPv4 address or one /64 network of IPv6; 0 for no limit.",
    reload: "live",
  }),
  max_connects_per_minute: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "So many new connections from one address at once, and as many again spread over each minute; 0 for no limit.",
    reload: "live",
  }),
  exempt: networks(
    "Where the two limits for each address do not hold: a NAT, a load balancer, servers of the cluster.",
    ["192.168.1.5", "10.0.0.0/8"],
  ),
  handshake_timeout: integer({
    default: 30_000,
    unit: "milliseconds",
    min: 1000,
    max: 86_400_000,
    doc: "A connection has this long for its handshake and connect.",
    reload: "live",
  }),
  idle_timeout: integer({
    default: 180_000,
    unit: "milliseconds",
    min: 1000,
    max: 86_400_000,
    doc: "A connection that neither publishes nor plays this long is closed; encoders pause between two streams.",
    reload: "live",
  }),
  input_memory: integer({
    default: 64 * MIB,
    unit: "bytes",
    min: 4 * MIB,
    max: 1024 * 1024 * MIB,
    doc: "Most that input may take in memory, of all connections: what waits for its turn, and messages whose end has not come.",
    reload: "live",
  }),
});

/** `[vhost.NAME.limits]` */
export const vhostLimitsTable = table("What clients of the vhost may do all together.", {
  max_players: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "Most players of one stream; a server that pulls it is one of them. 0 for no limit.",
    reload: "live",
  }),
  max_streams: integer({
    default: NONE,
    unit: "",
    min: 0,
    max: 1_000_000,
    doc: "Most streams that are published at a time, and most that players wait for; 0 for no limit.",
    reload: "live",
  }),
  max_publish_kbps: integer({
    default: NONE,
    unit: "kbit/s",
    min: 0,
    max: 10_000_000,
    doc: "Most that a publisher may send, as an average over ten seconds; 0 for no limit.",
    reload: "live",
  }),
  on_excess: choice(["disconnect", "warn"], {
    default: "disconnect",
    doc: "What happens to a publisher that sends more than max_publish_kbps.",
    reload: "live",
  }),
});

/** What holds for each address. */
export type AddressLimits = Pick<
  ValueOf<typeof limitsTable>,
  "max_connections_per_address" | "max_connects_per_minute" | "exempt"
>;

/** A vhost's limits. */
export type VhostLimits = ValueOf<typeof vhostLimitsTable>;
