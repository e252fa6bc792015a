import { UserError } from "../../base/errors.ts";
import type { AccessRequest, GuardResult } from "../../live/ports/access.ts";

/** The hosts whose pages may embed a vhost's streams; an empty list allows all. */
export interface ReferRules {
  readonly refer: readonly string[];
  readonly refer_publish: readonly string[];
  readonly refer_play: readonly string[];
}

/** Reads a host name of a `refer` list; a leading dot means nothing. Throws UserError. */
export function parseReferHost(text: string): string {
  const host = text.toLowerCase().replace(/^\./, "");
  if (!/^(?:[a-z0-9_-]+\.)*[a-z0-9_-]+$/.test(host)) {
    throw new UserError(`"${text}" is not a host name such as "example.com", which its subdomains belong to`);
  }
  return host;
}

/** Refuses clients from pages of other hosts, and clients that name no page. */
export function checkRefer(
  rules: ReferRules,
  { action, pageUrl }: Pick<AccessRequest, "action" | "pageUrl">,
): GuardResult {
  const own = action === "publish" ? rules.refer_publish : rules.refer_play;
  if (rules.refer.length + own.length === 0) return undefined;
  const host = hostOf(pageUrl);
  if ([rules.refer, own].every((hosts) => hosts.length === 0 || hosts.some((one) => belongsTo(host, one))))
    return undefined;
  const reason =
    host === ""
      ? `to ${action}, a client has to name the page that it is on`
      : `pages of "${host}" may not ${action} here`;
  return { kind: "denied", reason };
}

/** The host of a page's URL without port, in lower case; empty if there is none. */
function hostOf(pageUrl: string): string {
  const [, authority = ""] = /^\s*(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#\s]*)/i.exec(pageUrl) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return host.toLowerCase().replace(/\.$/, "");
}

/** Whole labels: `badexample.com` does not belong to `example.com`. */
function belongsTo(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
