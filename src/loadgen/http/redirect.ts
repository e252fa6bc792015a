import type { ResponseHead } from "../../io/net/http-response.ts";
import { checkRedirect } from "../../relay/redirects.ts";

/** The URL that an answer to a request for `url` redirects to; undefined if it is not followed. `depth`: redirects in a row so far. */
export function redirectedTo({ status, headers }: ResponseHead, url: URL, depth: number): URL | undefined {
  const location = headers.get("location");
  if (status < 300 || status >= 400 || status === 304 || location === undefined) return undefined;
  const to = URL.parse(location, url.href);
  const protocol = url.protocol === "https:" ? "https" : "http";
  const step = checkRedirect({ protocol, ip: "" }, to?.protocol.slice(0, -1) ?? "", depth + 1);
  return step.problem === undefined ? (to ?? undefined) : undefined;
}
