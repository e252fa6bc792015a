import { rtmpPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import { addresses } from "../../config/addresses.ts";
import { choice, inherited, integer, list } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table } from "../../config/table.ts";
import { formatPreference, type Preference, parsePreference } from "./preference.ts";

const chunkSize = integer({
  default: 60000,
  unit: "bytes",
  min: 128,
  max: 65536,
  doc: "Chunk size of the RTMP that the server sends; larger chunks have less overhead.",
  reload: "live",
});

/** The keys at the top of the file. */
export const rtmpKeys = {
  listen: addresses({
    default: [{ host: "::", port: rtmpPort }],
    doc: "Addresses on which RTMP is accepted; a bare port means every address, IPv4 and IPv6. [] for a server with RTMPS only.",
    example: [rtmpPort, "127.0.0.1:19350", "[::1]:19350"],
    protocol: "rtmp",
  }),
  max_connections: integer({
    default: 1000,
    unit: "",
    min: 1,
    max: 1_000_000,
    doc: "Maximum number of connections; further ones are refused at once.",
    reload: "live",
  }),
  chunk_size: chunkSize,
} as const;

/** The keys of a vhost. */
export const rtmpVhostKeys = {
  chunk_size: inherited(chunkSize, "Chunk size of the RTMP that this vhost sends."),
} as const;

/** `[vhost.NAME.publish]` */
export const publishTable = table("Publishers of the vhost.", {
  firstpkt_timeout: integer({
    default: 20_000,
    unit: "milliseconds",
    min: 1,
    max: 86_400_000,
    doc: "A publisher that sends no audio or video for this long after it began is disconnected.",
    reload: "live",
  }),
  normal_timeout: integer({
    default: 5000,
    unit: "milliseconds",
    min: 1,
    max: 86_400_000,
    doc: "A publisher that has sent audio or video and then stays silent for this long is disconnected.",
    reload: "live",
  }),
  on_conflict: choice(["reject", "replace", "standby"], {
    default: "reject",
    doc: 'What happens to a second publisher of a stream: "reject" refuses it, "replace" lets it replace the first, "standby" keeps it ready to take over.',
    reload: "live",
  }),
  switch_after: integer({
    default: 1000,
    unit: "milliseconds",
    min: 100,
    max: 86_400_000,
    doc: "A publisher that sends no audio or video for this long is replaced by one on standby.",
    reload: "live",
  }),
  prefer: list<Preference>({
    default: [],
    type: `"address", "network/bits", "?name=value" for a parameter of the publisher's URL, or a list of these`,
    doc: "Preferred publishers: of several publishers of a stream, these take it back once they have been steady for ten seconds.",
    example: ["192.168.1.5", "?role=primary"],
    reload: "live",
    parse: readPreference,
    toToml: formatPreference,
    identity: formatPreference,
  }),
  grace: integer({
    default: 30,
    unit: "seconds",
    min: 0,
    max: 86_400,
    doc: "When a publisher vanishes: how long its players stay before they are notified that the stream has stopped.",
    reload: "live",
  }),
});

function readPreference(value: unknown): Preference {
  if (typeof value === "string") return parsePreference(value);
  throw new UserError(`must be "address", "network/bits" or "?name=value", not ${show(value)}`);
}
