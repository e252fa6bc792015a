import { formatHostPort, parseHostPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import { integer, list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table, type ValueOf } from "../../config/table.ts";
import { MAX_WEIGHT, MAX_ZONE } from "../../live/ports/node-state.ts";

/** Ports of advertised URLs that name none. */
const ADVERTISED_PORTS: Readonly<Record<string, number>> = { rtmp: 1935, rtmps: 443, http: 80, https: 443 };
const API_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** A shorter secret can be guessed. */
const MIN_SECRET = 16;

/** `[cluster]` */
export const clusterTable = table("Other nodes of the same cluster: the nodes tell each other their state.", {
  peers: list<string>({
    default: [],
    type: `the URL of a node's http_api, "http://192.168.1.6:1985", or a list of these`,
    doc: "The HTTP API of each other node. All nodes may have the same list: a node leaves itself out.",
    example: ["http://192.168.1.6:1985", "http://192.168.1.7:1985"],
    reload: "live",
    parse: (value) => readServerUrl(value, API_PORTS),
    toToml: (url) => url,
    identity: (url) => url,
  }),
  secret: text({
    default: "",
    type: "a secret",
    doc: 'The secret by which all nodes sign their questions and answers; { file = "PATH" } has it in a file.',
    secret: true,
    reload: "live",
    problem: secretProblem,
  }),
  secret_file: text({
    default: "",
    type: "the path of a file",
    doc: "A file with the secret, in place of secret. It is read at the start and at each reload.",
    example: "/etc/srs/cluster.secret",
    file: "read",
    reload: "live",
  }),
  advertise: list<string>({
    default: [],
    type: `a server's URL, "rtmp://192.168.1.5:1935", or a list of these`,
    doc: "How clients and other servers reach this node, one URL for each protocol. Directors send no clients to a node without any.",
    example: ["rtmp://192.168.1.5:1935", "https://live1.example.com"],
    reload: "live",
    parse: (value) => readServerUrl(value, ADVERTISED_PORTS),
    toToml: (url) => url,
    identity: (url) => url,
  }),
  zone: text({
    default: "",
    type: "a name",
    doc: "Name of the place where the node is. Its director sends clients to nodes of the same zone while these have room.",
    example: "berlin",
    reload: "live",
    problem: (value) =>
      /^[A-Za-z0-9._-]+$/.test(value) && value.length <= MAX_ZONE
        ? undefined
        : `must have ${MAX_ZONE} characters at most: letters, digits, and . _ -`,
  }),
  weight: integer({
    default: 100,
    unit: "",
    min: 0,
    max: MAX_WEIGHT,
    doc: "The node's share of viewers, relative to the weights of other nodes; directors use it. 0: it gets none.",
    reload: "live",
  }),
  bandwidth: integer({
    default: 0,
    unit: "Mbit/s",
    min: 0,
    max: 1_000_000,
    doc: "Capacity of the node's line; 0: unknown. Directors send fewer clients to a node whose line is fuller.",
    reload: "live",
  }),
});

/** The configuration of `[cluster]`. */
export type ClusterConfig = ValueOf<typeof clusterTable>;

/** Why a secret can't be used, as a message continues after its key; undefined when it can. */
export function secretProblem(secret: string): string | undefined {
  return secret.length < MIN_SECRET ? `must have ${MIN_SECRET} characters or more` : undefined;
}

/** Mistakes in keys that are valid separately. */
export function clusterProblems({ peers, secret, secret_file }: ClusterConfig): { path: string[]; message: string }[] {
  if (secret !== "" && secret_file !== "")
    return [{ path: ["cluster", "secret"], message: "set secret or secret_file, not both" }];
  if (peers.length === 0 || secret !== "" || secret_file !== "") return [];
  return [{ path: ["cluster", "peers"], message: "needs secret_file, with the same secret on all nodes" }];
}

/** Reads a server's URL without a path; returns it in lower case, with its port. Throws UserError. */
function readServerUrl(value: unknown, ports: Readonly<Record<string, number>>): string {
  const schemes = Object.keys(ports);
  const [, written = "", authority = ""] = /^([a-z]+):\/\/([^/?#@\s]+)\/?$/i.exec(String(value)) ?? [];
  const scheme = written.toLowerCase();
  const port = ports[scheme];
  if (typeof value !== "string" || port === undefined) {
    throw new UserError(`must be a server's URL (${schemes.join(", ")}) without a path, not ${show(value)}`);
  }
  return `${scheme}://${formatHostPort(parseHostPort(authority, port))}`;
}
