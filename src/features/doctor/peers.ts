import { formatHostPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import type { ListenerResource, Named, PeerResource } from "../../config/resources.ts";
import { buildUrl } from "../../rtmp/address.ts";
import type { Finding } from "./finding.ts";
import type { SystemProbes } from "./system-probes.ts";

/** Servers dialled at a time. */
const AT_A_TIME = 8;

/** This server's listeners and id, by which a peer that leads back here is recognised. */
export interface OwnIdentity {
  readonly listeners: readonly ListenerResource[];
  readonly node: string | undefined;
}

/** A peer and its server's name for itself. */
interface Seen {
  readonly finding: Finding;
  readonly node: string;
  /** The peer's vhost that serves this server: `""` if the peer does not report it, undefined if the peer has no vhosts. */
  readonly vhost: string | undefined;
}

/** The name that nginx-rtmp and its derivatives report; they have no vhosts. */
const WITHOUT_VHOSTS = "FMS/3,0,1,123";

/**
 * Resolves, dials and queries every server in a configuration, a few at a time, each within seconds. `vhostFor` returns the
 * vhost whose name a peer receives, undefined for none.
 */
export async function examinePeers(
  peers: readonly Named<PeerResource>[],
  own: OwnIdentity,
  probes: SystemProbes,
  vhostFor: (peer: Named<PeerResource>) => string | undefined,
): Promise<Finding[]> {
  const seen: Seen[] = [];
  const queue = [...peers.entries()];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      seen[next[0]] = await examine(next[1], own, probes, vhostFor(next[1]));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return peers.map((about, at) => relation(about, at, peers, seen) ?? (seen[at] as Seen).finding); // all are seen
}

async function examine(
  about: Named<PeerResource>,
  own: OwnIdentity,
  probes: SystemProbes,
  vhost: string | undefined,
): Promise<Seen> {
  const { host, port, protocol } = about.resource;
  const found = (state: string, advice?: string, node = "", servedBy: string | undefined = ""): Seen => ({
    finding: { about, state, advice },
    node,
    vhost: servedBy,
  });
  let addresses: readonly string[];
  try {
    addresses = await probes.resolve(host);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return found(error.message, "check the name, and the machine's DNS");
  }
  if (addresses.some((address) => isOwn(address, port, own, probes))) {
    return found("it is this server itself", "a stream cannot go round; name another server");
  }
  const tls = protocol === "rtmps";
  if (protocol !== "rtmp" && !tls) {
    const reason = await probes.dial(host, port, protocol === "https");
    return reason === undefined ? found("connects") : found(reason, adviceFor(reason));
  }
  const result = await probes.probe({ host, port, tls, ...urlOf(about, vhost) });
  if (result.answer === "none") return found(result.reason, adviceFor(result.reason));
  if (result.answer === "refused") {
    return found(`it refuses to connect: ${result.reason}`, "see its log, and which vhosts and apps it serves");
  }
  if (own.node !== undefined && result.node === own.node) {
    return found("it leads back to this server itself", "a stream cannot go round; name another server");
  }
  const seen = found([result.server || "an RTMP server", `${result.ms} ms`].join(", "), undefined, result.node);
  return { ...seen, vhost: result.server === WITHOUT_VHOSTS ? undefined : result.vhost };
}

function isOwn(address: string, port: number, own: OwnIdentity, probes: SystemProbes): boolean {
  const isLocal = /^(?:127\.|::1$)/.test(address) || probes.ownAddresses().has(address);
  if (!isLocal) return false;
  return own.listeners.some((listener) => {
    const isAll = listener.host === "::" || listener.host === "0.0.0.0";
    return listener.port === port && (isAll || listener.host === address);
  });
}

/** Problems between two peers, each of which is fine alone. */
function relation(
  about: Named<PeerResource>,
  at: number,
  peers: readonly Named<PeerResource>[],
  seen: readonly Seen[],
): Finding | undefined {
  const mine = seen[at];
  if (mine === undefined || mine.finding.advice !== undefined) return undefined;
  for (const [index, other] of peers.entries()) {
    if (index < at && collides(about, other, mine, seen[index])) return collision(about, other, mine);
    if (index === at || !isSameServer(about, other, mine, seen[index])) continue;
    const name = other.resource.text;
    if (about.resource.flow === "to" && other.resource.flow === "from") {
      const advice = `what comes from ${name} would go back to it; remove one of them`;
      return { about, state: "it is the server that streams come from", advice };
    }
    if (
      about.resource.flow === "to" &&
      other.resource.flow === "to" &&
      index < at &&
      about.resource.app === other.resource.app
    ) {
      return {
        about,
        state: `it is the same server as ${name}`,
        advice: "it accepts a stream once; remove one of them",
      };
    }
  }
  return undefined;
}

/** Whether two vhosts send their streams to one server that does not distinguish vhosts. */
function collides(a: Named<PeerResource>, b: Named<PeerResource>, mine: Seen, other: Seen | undefined): boolean {
  const forwards = [a, b].every(
    ({ resource, path }) => path[0] === "vhost" && resource.flow === "to" && resource.hasVhost,
  );
  if (!forwards || a.path[1] === b.path[1] || other === undefined || other.finding.advice !== undefined) return false;
  const same =
    formatHostPort(a.resource) === formatHostPort(b.resource) || (mine.node !== "" && mine.node === other.node);
  return same && mine.vhost === other.vhost && mine.vhost !== "";
}

function collision(about: Named<PeerResource>, other: Named<PeerResource>, { vhost }: Seen): Finding {
  const state =
    vhost === undefined
      ? `it has no vhosts, and vhost ${other.path[1]} forwards there, too`
      : `its vhost ${vhost} serves this vhost and vhost ${other.path[1]}, which forwards there, too`;
  const example = `rtmp://${formatHostPort(about.resource)}/[vhost]-[app]`;
  const remedy = vhost === undefined ? "" : "add the vhosts to that server, or ";
  return { about, state, advice: `of two streams with one name the second is refused; ${remedy}write ${example}` };
}

function isSameServer(a: Named<PeerResource>, b: Named<PeerResource>, mine: Seen, other: Seen | undefined): boolean {
  const [, vhost] = a.path;
  if (a.path[0] !== "vhost" || b.path[0] !== "vhost" || b.path[1] !== vhost) return false;
  if (formatHostPort(a.resource) === formatHostPort(b.resource)) return a.resource.flow !== b.resource.flow;
  return mine.node !== "" && mine.node === other?.node;
}

/** The app that is requested if the peer's address names none. */
const SOME_APP = "live";

function urlOf({ resource }: Named<PeerResource>, vhost: string | undefined): { tcUrl: string; app: string } {
  return buildUrl(
    { ...resource, tls: resource.protocol === "rtmps" },
    { vhost, app: resource.app ?? SOME_APP, stream: "", param: "" },
  );
}

function adviceFor(reason: string): string {
  if (reason.includes("refused")) return "is the server there started, and on this port?";
  if (reason.includes("does not speak RTMP")) return "another program has this port; check the address";
  if (/within|timed out|no route|unreachable/.test(reason))
    return "is the machine there up, and does a firewall let this port through?";
  return "check the address, and that server's log";
}
