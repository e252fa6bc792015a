/** Why a request's head is refused. The answer is sent and the connection closed, as the bytes that follow may be a body. */
export interface HeadRefusal {
  readonly status: number;
  /** One sentence for the peer and the log, without line ends. It quotes nothing that the peer sent. */
  readonly reason: string;
  /** Headers that the status requires, by name in lower case: `allow` of 405, `upgrade` of 426. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The protocol that the client speaks instead of HTTP. The connection may name that protocol's port by `wrongProtocol`. */
  readonly spoken?: OtherProtocol;
}

/** The protocols of this server's other ports. */
export type OtherProtocol = "rtmp" | "tls" | "proxy";

/** Makes a refusal. */
export function refuseHead(status: number, reason: string, headers?: Readonly<Record<string, string>>): HeadRefusal {
  return headers === undefined ? { status, reason } : { status, reason, headers };
}

/** The sentence for a client of another protocol; `port` is where that protocol is served, undefined if nowhere. */
export function wrongProtocol(spoken: OtherProtocol, port?: number): string {
  if (spoken === "proxy") return "this is the PROXY protocol, and proxy_protocol.listen does not name this port";
  const name = spoken === "rtmp" ? "RTMP" : "TLS (HTTPS)";
  if (port === undefined) return `this port speaks HTTP, not ${name}`;
  return `this port speaks HTTP; ${name} is on port ${port}`;
}
