import { UserError } from "../../base/errors.ts";
import { Template } from "../../base/template.ts";
import { choice, flag, integer, list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { type Table, table, type ValueOf } from "../../config/table.ts";
import { maskOrigin, type OriginAddress, originIdentity, originPeer, originText, parseOrigin } from "./address.ts";

/** `[vhost.NAME.edge]` */
export const edgeTable = table("Streams that are fetched from other servers when somebody wants to watch them.", {
  origin: list<OriginAddress>({
    default: [],
    type: `"host", "host:port", "rtmp://host:port/app/stream?params" (rtmps too), "http://host:port/app/stream.flv?params" (https too) with the placeholders [vhost] [app] [stream] [param], or a list of these`,
    doc: "Servers that have the streams: each stream comes from one of them while it is watched.",
    example: ["192.168.1.5:1935", "192.168.1.8:1935"],
    reload: "live",
    parse: readOrigin,
    toToml: originText,
    toShown: maskOrigin,
    resource: originPeer,
    identity: originIdentity,
  }),
  choice: choice(["order", "round_robin", "hash"], {
    default: "order",
    doc: 'Which living origin is asked first: "order" the first in the list, "round_robin" each in turn, "hash" always the same one for a stream.',
    reload: "live",
  }),
  vhost: text({
    default: "",
    type: "a vhost, with the placeholder [vhost]",
    doc: "The vhost that origins are asked for; empty is the vhost's own name.",
    example: "[vhost].origin",
    reload: "live",
    problem: vhostProblem,
  }),
  linger: integer({
    default: 10,
    unit: "seconds",
    min: 0,
    max: 86_400,
    doc: "How long a stream goes on being fetched after its last viewer has left.",
    reload: "live",
  }),
  read_timeout: integer({
    default: 5000,
    unit: "milliseconds",
    min: 500,
    max: 600_000,
    doc: "An origin that does not answer, or sends nothing of a running stream, for this long is left for another.",
    reload: "live",
  }),
  wait: integer({
    default: 0,
    unit: "seconds",
    min: 0,
    max: 86_400,
    doc: "Viewers of a stream that no origin has given for this long get StreamNotFound; 0 lets them wait until it is there.",
    reload: "live",
  }),
  missing_ttl: integer({
    default: 3,
    unit: "seconds",
    min: 0,
    max: 3600,
    doc: "How long no origin is asked again for a stream that none of them had, when its viewers leave and others come.",
    reload: "live",
  }),
  redundancy: integer({
    default: 1,
    unit: "origins",
    min: 1,
    max: 4,
    doc: "From how many origins at a time a stream is fetched: one is played, the others stand by.",
    reload: "live",
  }),
  probe: flag({
    default: false,
    doc: "Whether origins are asked every few seconds if they are there, so that no viewer has to find out.",
    reload: "live",
  }),
  publish: flag({
    default: false,
    doc: "Whether the vhost takes publishers here; what they publish goes on to one of the origins. Say who may in security, or set token_traverse.",
    reload: "live",
  }),
  token_traverse: flag({
    default: false,
    doc: "Whether an origin decides, for each client, who may publish and play here.",
    reload: "live",
  }),
  max_dials: integer({
    default: 50,
    unit: "connections",
    min: 1,
    max: 10_000,
    doc: "Connections to one origin, to fetch from it or to publish there, that may be in the making at a time; the others wait for their turn.",
    reload: "live",
  }),
});

/** The edge table of a vhost, complete. */
export type EdgeConfig = ValueOf<Table<typeof edgeTable.entries>>;

function readOrigin(value: unknown): OriginAddress {
  if (typeof value !== "string") throw new UserError(`must be a server such as "192.168.1.5:1935", not ${show(value)}`);
  try {
    return parseOrigin(value);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${show(value)}: ${error.message}`, { cause: error }) : error;
  }
}

function vhostProblem(value: string): string | undefined {
  try {
    new Template(value, ["vhost"]);
    return /[\s/?#&]/.test(value) ? `must be a vhost, not ${show(value)}` : undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `${show(value)}: ${error.message}`;
  }
}
