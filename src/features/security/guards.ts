import type { Clock } from "../../base/clock.ts";
import { contains, parseIp } from "../../base/network.ts";
import type { AccessRequest, Guard } from "../../live/access.ts";
import { checkAddress } from "./address-rule.ts";
import type { Security } from "./config.ts";
import { checkRefer } from "./refer.ts";
import { checkSignature } from "./signature.ts";

/** What the guards look up. */
export interface SecurityOptions {
  readonly clock: Pick<Clock, "wall">;
  /** The security of a vhost by its configured name. */
  security(vhost: string): Security | undefined;
}

/** The guards of `[vhost.NAME.security]`: pages, then addresses, then signatures. */
export function securityGuards({ clock, security }: SecurityOptions): Guard[] {
  return [
    {
      name: "refer",
      check(request) {
        const rules = security(request.name.vhost);
        if (rules === undefined || isTrusted(rules, request)) return undefined;
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
        if (rules === undefined || keys === undefined || keys.length === 0 || isTrusted(rules, request))
          return undefined;
        return checkSignature(keys, request, clock.wall());
      },
    },
  ];
}

function isTrusted({ trusted }: Security, { address }: AccessRequest): boolean {
  if (trusted.length === 0) return false;
  const client = parseIp(address);
  return client !== undefined && trusted.some((network) => contains(network, client));
}
