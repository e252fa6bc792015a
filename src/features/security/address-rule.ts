import { UserError } from "../../base/errors.ts";
import {
  contains,
  formatNetwork,
  type IpAddress,
  innerIPv4s,
  type Network,
  parseIp,
  parseNetwork,
} from "../../base/network.ts";
import type { AccessRequest, GuardResult } from "../../live/ports/access.ts";

type Action = AccessRequest["action"];

/** The clients to which an `allow` or `deny` applies. */
export interface AddressRule {
  /** Undefined: the rule concerns publishers and players. */
  readonly action: Action | undefined;
  /** Undefined: every address. */
  readonly network: Network | undefined;
}

/** The part of a vhost's security that concerns addresses. */
export interface AddressRules {
  readonly enabled: boolean | "auto";
  readonly allow: readonly AddressRule[];
  readonly deny: readonly AddressRule[];
}

const ALL = "all";

/** Reads `publish 10.0.0.0/8`, `play all`, `192.168.1.6`, `all`. Throws UserError. */
export function parseAddressRule(text: string): AddressRule {
  const [, action, whom = ""] = /^\s*(?:(publish|play)\s+)?(\S*)\s*$/.exec(text) ?? [];
  if (whom === "" || whom === "publish" || whom === "play") {
    throw new UserError(`"${text}" is not a rule such as "publish 10.0.0.0/8", "play all" or "192.168.1.6"`);
  }
  return {
    action: action === "publish" || action === "play" ? action : undefined,
    network: whom === ALL ? undefined : parseNetwork(whom),
  };
}

/** A server trusted with one action, without page and signed URL. */
export interface TrustRule {
  readonly action: Action;
  readonly network: Network;
}

/** Reads `play 192.168.1.6`, `publish 10.0.0.0/8`. Throws UserError. */
export function parseTrustRule(text: string): TrustRule {
  const { action, network } = parseAddressRule(text);
  if (network === undefined || network.bits === 0)
    throw new UserError(`"${text}" trusts every address: leave the keys and pages out instead`);
  if (action !== undefined) return { action, network };
  const whom = formatNetwork(network);
  throw new UserError(
    `"${text}" does not say for what it is trusted: write "play ${whom}" for a server that fetches streams from here, "publish ${whom}" for one that forwards them to here, or both`,
  );
}

/** The rule as its parser reads it. */
export function formatAddressRule({ action, network }: AddressRule): string {
  const whom = network === undefined ? ALL : formatNetwork(network);
  return action === undefined ? whom : `${action} ${whom}`;
}

/**
 * SRS's rules: a client that a `deny` matches is refused; then, if there is any `allow`, even for the other action, one must match.
 * Switched on without rules, they refuse all clients. `client` is undefined if it has no IP address. A `deny` also matches an IPv6
 * address by the IPv4 address that it embeds; an `allow` does not.
 */
export function checkAddress(rules: AddressRules, action: Action, client: IpAddress | undefined): GuardResult {
  const { enabled, allow, deny } = rules;
  const none = allow.length + deny.length === 0;
  if (enabled === false || (enabled === "auto" && none)) return undefined;
  const spellings = client === undefined ? [client] : [client, ...innerIPv4s(client)];
  const denied = deny.find((rule) => spellings.some((address) => matches(rule, action, address)));
  if (denied !== undefined) return refusal(action, `deny "${formatAddressRule(denied)}"`);
  if (none) return refusal(action, "security is enabled and has no rule");
  if (allow.length === 0 || allow.some((rule) => matches(rule, action, client))) return undefined;
  return refusal(action, "no allow rule matches");
}

/**
 * Whether a client is trusted with its request. A server that asks on behalf of one of its clients is not: the client would inherit
 * the server's rights.
 */
export function isTrusted(rules: readonly TrustRule[], { action, address, forClient }: AccessRequest): boolean {
  if (rules.length === 0 || forClient) return false;
  const client = parseIp(address);
  return client !== undefined && rules.some((rule) => matches(rule, action, client));
}

function matches({ action, network }: AddressRule, wanted: Action, client: IpAddress | undefined): boolean {
  if (action !== undefined && action !== wanted) return false;
  return network === undefined || (client !== undefined && contains(network, client));
}

function refusal(action: Action, detail: string): GuardResult {
  return {
    kind: "denied",
    reason: `${action === "publish" ? "publishing" : "playing"} is not allowed from this address`,
    detail,
  };
}
