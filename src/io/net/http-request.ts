import type { HttpOptions } from "../../base/http.ts";
import type { DialTarget } from "../../base/transport.ts";

/** Maximum time for establishing a connection; the owner times the rest. */
const CONNECT_TIMEOUT_MS = 5000;

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** The address that a URL's requests go to. */
export function dialTarget({ hostname, port, protocol }: URL, options: HttpOptions = {}): DialTarget {
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (PORTS[protocol] ?? 0) : Number(port),
    tls: protocol === "https:",
    publicOnly: options.publicOnly ?? false,
    timeoutMs: Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs ?? CONNECT_TIMEOUT_MS),
  };
}

/** The head of a request as bytes; `lines`: further headers. */
export function requestHead(
  method: "GET" | "POST",
  { pathname, search, host }: URL,
  userAgent: string,
  lines: readonly string[],
  options: HttpOptions = {},
): Uint8Array {
  const all = [
    `${method} ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: ${userAgent}`,
    "Accept: */*",
    ...Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...lines,
  ];
  return new TextEncoder().encode(`${all.join("\r\n")}\r\n\r\n`);
}
