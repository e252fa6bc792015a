import type { RefusalKind } from "../../live/ports/access.ts";

/** Seconds after which a client may repeat its request. */
const RETRY_S = "5";

/** HTTP's status for each kind of refusal (RFC 9110, 15). */
export const refusalStatuses: Readonly<Record<RefusalKind, number>> = {
  name: 404,
  vhost: 404,
  missing: 404,
  gone: 410,
  denied: 403,
  busy: 409,
  media: 406,
  limit: 503,
  unavailable: 503,
  loop: 508,
  elsewhere: 302,
};

/** The headers that an answer with this status has. */
export function headersOf(status: number): Readonly<Record<string, string>> {
  return status === 503 || status === 429 ? { "retry-after": RETRY_S } : {};
}
