import { UserError } from "../../base/errors.ts";
import { Template } from "../../base/template.ts";
import { choice, flag, integer, list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { type Table, table, type ValueOf } from "../../config/table.ts";
import {
  type EdgeOrigin,
  maskOrigin,
  originIdentity,
  originPeer,
  originText,
  parseOrigin,
  REGISTRY,
} from "./address.ts";

/** `[vhost.NAME.edge]` */
export const edgeTable = table("Streams fetched from other servers while viewers watch them.", {
  origin: list<EdgeOrigin>({
    default: [],
    type: `"registry", "host", "host:port", "rtmp://host:port/app/stream?params" (rtmps too), "http://host:port/app/stream.flv?params" (https too) with the placeholders [vhost] [app] [stream] [param], or a list of these`,
    doc: 'Servers that have the streams: each stream is fetched from one of them while it is watched. "registry" stands for the nodes of [cluster] registry that have it.',
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
    doc: "The vhost to request from origins; empty means the vhost's own name.",
    example: "[vhost].origin",
    reload: "live",
    problem: vhostProblem,
  }),
  linger: integer({
    default: 10,
    unit: "seconds",
    min: 0,
    max: 86_400,
    doc: "How long a stream is still fetched after its last viewer has left.",
    reload: "live",
  }),
  read_timeout: integer({
    default: 5000,
    unit: "milliseconds",
    min: 500,
    max: 600_000,
    doc: "An origin that does not answer, or sends no media of a running stream, for this long is replaced by another.",
    reload: "live",
  }),
  wait: integer({
    default: 0,
    unit: "seconds",
    min: 0,
    max: 86_400,
    doc: "Viewers get StreamNotFound if no origin has given the stream for this long; 0 lets them wait for it.",
    reload: "live",
  }),
  missing_ttl: integer({
    default: 3,
    unit: "seconds",
    min: 0,
    max: 3600,
    doc: "How long a stream that no origin had is not requested again when new viewers come.",
    reload: "live",
  }),
  redundancy: integer({
    default: 1,
    unit: "origins",
    min: 1,
    max: 4,
    doc: "Number of origins from which a stream is fetched at a time: one is active, the others stand by.",
    reload: "live",
  }),
  probe: flag({
    default: false,
    doc: "Whether origins are probed every few seconds, so that no viewer has to find out that one is dead.",
    reload: "live",
  }),
  publish: flag({
    default: false,
    doc: "Whether the edge accepts publishers; their streams are pushed to one of the origins. Say in security who may publish, or set token_traverse.",
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
    doc: "Maximum number of connections to one origin, for fetching and publishing, that are being established at a time; others wait.",
    reload: "live",
  }),
});

/** The edge table of a vhost, complete. */
export type EdgeConfig = ValueOf<Table<typeof edgeTable.entries>>;

/** Mistakes in an edge table whose keys are valid separately. `hasRegistry`: nodes know each other's streams. */
export function edgeProblems(
  { origin, token_traverse }: EdgeConfig,
  hasRegistry: boolean,
): { key: string; message: string }[] {
  if (!origin.includes(REGISTRY)) return [];
  if (!hasRegistry)
    return [
      { key: "origin", message: '"registry" needs [cluster] registry; a host of that name is written "registry:1935"' },
    ];
  if (!token_traverse) return [];
  return [
    { key: "token_traverse", message: 'can\'t be used with the origin "registry", as no server decides for its nodes' },
  ];
}

function readOrigin(value: unknown): EdgeOrigin {
  if (value === REGISTRY) return REGISTRY;
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
