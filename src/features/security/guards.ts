import type { Clock } from "../../base/clock.ts";
import { parseIp } from "../../base/network.ts";
import type { Guard } from "../../live/ports/access.ts";
import { checkAddress, isTrusted } from "./address-rule.ts";
import type { Security } from "./config.ts";
import { checkRefer } from "./refer.ts";
import { checkSignature } from "./signature.ts";

/** The state that the guards need. */
export interface SecurityOptions {
  readonly clock: Pick<Clock, "wall">;
  /** The security of a vhost by its configured name. */
  security(vhost: string): Security | undefined;
}

/** Whether a vhost has no rule on publishers. Rules on pages don't count: a client can name any page. */
export function isPublishingOpen({ enabled, allow, deny, publish_keys }: Security): boolean {
  if (publish_keys.length > 0) return false;
  if (enabled === false) return true;
  const everybodyDenied = deny.some(({ action, network }) => action !== "play" && network === undefined);
  const noRule = enabled === true && deny.length === 0;
  return allow.length === 0 && !everybodyDenied && !noRule;
}

/** The guards of `[vhost.NAME.security]`: pages, then addresses, then signatures. */
export function securityGuards({ clock, security }: SecurityOptions): Guard[] {
  return [
    {
      name: "refer",
      check(request) {
        const rules = security(request.name.vhost);
        if (rules === undefined || isTrusted(rules.trusted, request)) return undefined;
        return checkRefer(rules, request);
      },
    },
    {
      name: "address",
      check({ name, action, address }) {
        const rules = security(name.vhost);
        return rules && checkAddress(rules, action, parseIp(address));
      },
    },
    {
      name: "signature",
      check(request) {
        const rules = security(request.name.vhost);
        const keys = request.action === "publish" ? rules?.publish_keys : rules?.play_keys;
        if (rules === undefined || keys === undefined || keys.length === 0 || isTrusted(rules.trusted, request))
          return undefined;
        return checkSignature(keys, request, clock.wall());
      },
    },
  ];
}
