const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the peer",
  EPIPE: "connection reset by the peer",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "network unreachable",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name lookup failed for now",
  EAI_NODATA: "host name has no address",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available on this machine",
  EACCES: "permission denied",
};

/** The code of a system error (`ECONNREFUSED`), if it is one. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What a socket error means, for people. */
export function describeSocketError(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined) return WORDS[code] ?? `${code}`;
  return error instanceof Error ? error.message : String(error);
}
