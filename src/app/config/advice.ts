import { parseHostPort } from "../../base/address.ts";
import type { Path } from "../../config/show.ts";
import { formatAddressRule } from "../../features/security/address-rule.ts";
import { isPublishingOpen } from "../../features/security/guards.ts";
import type { Config, VhostConfig } from "./blocks.ts";
import { isLoopback } from "./endpoints.ts";

/** Warnings about a configuration without mistakes. */
interface Advice {
  readonly path: Path;
  readonly message: string;
}

/** Packets of a stream are further apart than this at times, ms. */
const LEAST_SILENCE_MS = 100;

/** Warns of settings that let in more clients than they seem to, keep publishers away, have no effect, or differ from other nodes'. */
export function advise({ vhost, cluster }: Config): Advice[] {
  const knowsNodes = cluster.peers.length + cluster.registry.length > 0;
  const hasSecret = cluster.secret !== "" || cluster.secret_file !== "";
  const ofVhosts = [...vhost].flatMap(([name, config]) =>
    [
      ...openEdge(config),
      ...idleTrust(config),
      ...shortTimeouts(config),
      ...(knowsNodes ? [] : aloneDirector(config)),
      ...(hasSecret ? [] : ownKeys(config)),
    ].map(({ path, message }) => ({
      path: ["vhost", name, ...path],
      message,
    })),
  );
  return [...unknownAddress(cluster), ...ownHostsAddress(cluster), ...ofVhosts];
}

function unknownAddress({ registry, advertise }: Config["cluster"]): Advice[] {
  if (registry.length === 0 || advertise.length > 0) return [];
  const message = "no other node fetches from this one, as none knows its address: set cluster.advertise";
  return [{ path: ["cluster", "registry"], message }];
}

/** An address that means another host on each host. */
function ownHostsAddress({ registry, peers, advertise }: Config["cluster"]): Advice[] {
  const others = [...registry.map(({ host }) => host), ...peers.map(hostOf)];
  if (others.every(isLoopback)) return [];
  return advertise
    .filter((url) => isLoopback(hostOf(url)))
    .map((url) => {
      const message = `${url} leads other hosts to themselves: write an address by which they reach this one`;
      return { path: ["cluster", "advertise"], message };
    });
}

function hostOf(url: string): string {
  return parseHostPort(url.slice(url.indexOf("://") + 3), 0).host;
}

function openEdge({ edge, security }: VhostConfig): Advice[] {
  const takesPublishers = edge.origin.length > 0 && edge.publish;
  if (!takesPublishers || edge.token_traverse || !isPublishingOpen(security)) return [];
  const message =
    "anybody may publish here, and the edge's viewers see it: restrict publishers by security.publish_keys or security.allow, or let the origin decide by edge.token_traverse";
  return [{ path: ["edge", "publish"], message }];
}

function idleTrust({ security }: VhostConfig): Advice[] {
  const { trusted, refer, refer_publish, refer_play, publish_keys, play_keys } = security;
  const asks = {
    publish: refer.length + refer_publish.length + publish_keys.length > 0,
    play: refer.length + refer_play.length + play_keys.length > 0,
  };
  return trusted
    .filter(({ action }) => !asks[action])
    .map((rule) => {
      const text = formatAddressRule(rule);
      const open = rule.action === "publish" && isPublishingOpen(security);
      const who = open ? `, and anybody may publish; allow = ["${text}", "play all"] would let nobody else` : "";
      const message = `"${text}" has no effect, as nothing asks who wants to ${rule.action} for a page or a signature${who}`;
      return { path: ["security", "trusted"], message };
    });
}

function aloneDirector({ director }: VhostConfig): Advice[] {
  if (director === "off") return [];
  const message = `"${director}" has no effect, as this node knows no others: name them in [cluster] peers, or a registry`;
  return [{ path: ["director"], message }];
}

function ownKeys({ hls, edge }: VhostConfig): Advice[] {
  if (!hls.enabled || !hls.hls_keys || edge.origin.length === 0) return [];
  const message =
    "other servers of the stream have other keys, so that viewers can't move between them: set the same cluster.secret_file on all";
  return [{ path: ["hls", "hls_keys"], message }];
}

/** Timeouts in ms that were probably meant as seconds. */
function shortTimeouts({ publish }: VhostConfig): Advice[] {
  return (["firstpkt_timeout", "normal_timeout"] as const)
    .filter((key) => publish[key] < LEAST_SILENCE_MS)
    .map((key) => {
      const message = `${publish[key]} ms disconnects every publisher, as packets are further apart; for seconds write "${publish[key]}s"`;
      return { path: ["publish", key], message };
    });
}
