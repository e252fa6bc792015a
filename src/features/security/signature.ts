import { createHmac, timingSafeEqual } from "node:crypto";
import { normaliseIp } from "../../base/network.ts";
import { type AccessRequest, type GuardResult, SIGNATURE_PARAMS } from "../../live/ports/access.ts";

/** A signed URL stays valid this long after its `exp`, as the clocks of servers and of the URL's maker differ. */
const CLOCK_SKEW_S = 30;

/** What a signature grants: which action until when. */
export interface Claims extends Pick<AccessRequest, "action" | "name"> {
  /** Unix time in seconds, in decimal digits as in the URL. */
  readonly exp: string;
  /** The one address that may use the URL, as in the URL; `""`: any. */
  readonly addr: string;
}

/**
 * HMAC-SHA256 in lower-case hex over six lines, the last without a line feed:
 *
 *     publish | play
 *     vhost            as the configuration has it, `__defaultVhost__` if no other vhost serves the name
 *     app
 *     stream
 *     exp
 *     addr             empty for none
 *
 * No name contains a line feed.
 */
export function sign(key: string, { action, name, exp, addr }: Claims): string {
  const text = [action, name.vhost, name.app, name.stream, exp, addr].join("\n");
  return createHmac("sha256", key).update(text).digest("hex");
}

/** Refuses a request unless its parameters `exp`, `addr` and `sign` match one of `keys`. `now` is wall-clock ms. */
export function checkSignature(keys: readonly string[], request: AccessRequest, now: number): GuardResult {
  const { action, name, address } = request;
  const [exp, addr, signature] = SIGNATURE_PARAMS.map((key) => param(request.param, key));
  if (exp === undefined || signature === undefined)
    return { kind: "denied", reason: `to ${action} this stream, the URL must be signed` };
  const claims = { action, name, exp, addr: addr ?? "" };
  // All keys are compared, so that the time taken does not reveal which one fits.
  const fitting = keys.filter((key) => equal(sign(key, claims), signature));
  if (fitting.length === 0 || !/^[0-9]{1,12}$/.test(exp))
    return { kind: "denied", reason: "the signature does not fit this URL" };
  const lateS = Math.floor(now / 1000) - Number(exp);
  if (lateS > CLOCK_SKEW_S) return { kind: "denied", reason: "the URL has expired", detail: `${lateS} s ago` };
  if (claims.addr !== "" && normaliseIp(claims.addr) !== normaliseIp(address))
    return { kind: "denied", reason: "the URL is signed for another address" };
  return undefined;
}

/** The first value of a parameter; a colon may be percent-encoded. */
export function param(query: string, key: string): string | undefined {
  const found = query
    .replace(/^\?/, "")
    .split("&")
    .find((pair) => pair.startsWith(`${key}=`));
  return found?.slice(key.length + 1).replaceAll(/%3a/gi, ":");
}

function equal(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => new TextEncoder().encode(text));
  return a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(a, b);
}
