import { type Authority, parseAuthority, sameAuthority } from "./authority.ts";
import { isToken, listHas } from "./characters.ts";
import type { HeaderFields } from "./header-fields.ts";
import { type HeadRefusal, refuseHead } from "./refusal.ts";
import type { RequestHead } from "./request.ts";
import { parseTarget, type RequestTarget } from "./target.ts";
import { readUpgrade } from "./websocket-handshake.ts";

/** The parts of a request line. */
export interface RequestLine {
  readonly method: RequestHead["method"];
  /** As sent. */
  readonly text: string;
  readonly target: RequestTarget;
  readonly minorVersion: 0 | 1;
}

const ALLOWED = "GET, HEAD, OPTIONS";
/** The methods of a server that takes bodies. */
const ALLOWED_WITH_BODIES = "GET, HEAD, OPTIONS, POST, PUT, DELETE";
/** Methods that exist and this server refuses; all others are not implemented (RFC 9110, 15.6.2). */
const OTHER_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);
/** The Content-Length of a request without a body. */
const NO_LENGTH = /^0+$/;
const LENGTH = /^[0-9]+$/;
const none = new Uint8Array(0);

/** Reads a request line without its end (RFC 9112, 3); HeadScanner has checked its bytes. `bodies`: the server takes bodies. */
export function readRequestLine(line: string, bodies = false): RequestLine | HeadRefusal {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  if (first <= 0 || last === first || line.indexOf(" ", first + 1) !== last || last === first + 1) {
    return refuseHead(400, 'the request line is not "METHOD target HTTP/1.1"');
  }
  const minorVersion = readVersion(line.slice(last + 1));
  if (typeof minorVersion !== "number") return minorVersion;
  const method = readMethod(line.slice(0, first), bodies);
  if (typeof method !== "string") return method;
  const text = line.slice(first + 1, last);
  const parsed = parseTarget(text);
  if (!parsed.ok) return refuseHead(400, parsed.reason);
  if (parsed.target.path === "*" && method !== "OPTIONS") return refuseHead(400, "the target * is for OPTIONS only");
  return { method, text, target: parsed.target, minorVersion };
}

function readVersion(text: string): 0 | 1 | HeadRefusal {
  if (text === "HTTP/1.1") return 1;
  if (text === "HTTP/1.0") return 0;
  if (/^HTTP\/[0-9]\.[0-9]$/.test(text)) return refuseHead(505, "only HTTP/1.1 and HTTP/1.0 are supported");
  return refuseHead(400, "the request line does not end with a version of HTTP");
}

function readMethod(text: string, bodies: boolean): RequestHead["method"] | HeadRefusal {
  if (text === "GET" || text === "HEAD" || text === "OPTIONS") return text;
  if (bodies && (text === "POST" || text === "PUT" || text === "DELETE")) return text;
  const allow = bodies ? ALLOWED_WITH_BODIES : ALLOWED;
  if (OTHER_METHODS.has(text)) return refuseHead(405, `the allowed methods are ${allow}`, { allow });
  return isToken(text)
    ? refuseHead(501, `the allowed methods are ${allow}`)
    : refuseHead(400, "the method has an invalid character");
}

/** Interprets a whole head: its fields on the body, host, connection and WebSocket. `secure`: with TLS. */
export function interpretHead(
  line: RequestLine,
  fields: HeaderFields,
  secure: boolean,
  maxBodyBytes: number,
): RequestHead | HeadRefusal {
  const { method, minorVersion, text, target } = line;
  const bodyBytes = readBodyLength(minorVersion, fields, maxBodyBytes);
  if (typeof bodyBytes !== "number") return bodyBytes;
  const host = readHost(line, fields);
  if (typeof host !== "string") return host;
  const upgrade = readUpgrade(method, minorVersion, fields);
  if (typeof upgrade === "object") return upgrade;
  const connection = fields.get("connection");
  return {
    method,
    path: target.path,
    query: target.query,
    host,
    secure,
    target: text,
    minorVersion,
    webSocket: upgrade !== undefined,
    webSocketKey: upgrade,
    keepAlive: !listHas(connection, "close") && (minorVersion === 1 || listHas(connection, "keep-alive")),
    header: (name) => fields.get(name),
    bodyBytes,
    body: none,
  };
}

/**
 * The length of the body (RFC 9112, 6), 0 if the server takes none. A body that is too long, or whose end is ambiguous, is refused
 * and the connection closed, so that no part of it is read as a request.
 */
function readBodyLength(minorVersion: 0 | 1, fields: HeaderFields, maxBodyBytes: number): number | HeadRefusal {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) return refuseHead(400, "a request has Content-Length or Transfer-Encoding, not both");
    if (minorVersion === 0) return refuseHead(400, "HTTP/1.0 has no Transfer-Encoding");
    if (fields.count("transfer-encoding") > 1) return refuseHead(400, "Transfer-Encoding is given more than once");
    if (coding.toLowerCase() !== "chunked") return refuseHead(501, "this Transfer-Encoding is not known here");
    if (maxBodyBytes > 0) return refuseHead(411, "a request with a body needs a Content-Length");
    return refuseHead(413, "requests to this server have no body");
  }
  if (length === undefined || (NO_LENGTH.test(length) && fields.count("content-length") === 1)) return 0;
  if (fields.count("content-length") > 1) return refuseHead(400, "Content-Length is given more than once");
  if (!LENGTH.test(length)) return refuseHead(400, "Content-Length is not a number");
  if (maxBodyBytes === 0) return refuseHead(413, "requests to this server have no body");
  const bytes = Number(length);
  return bytes <= maxBodyBytes ? bytes : refuseHead(413, `a body may have at most ${maxBodyBytes} bytes`);
}

/** The requested host (RFC 9112, 3.2). If the target is absolute, its host must equal the one in Host. */
function readHost({ minorVersion, target }: RequestLine, fields: HeaderFields): string | HeadRefusal {
  const text = fields.get("host");
  const named = target.authority;
  if (text === undefined) {
    return minorVersion === 0 ? (named?.host ?? "") : refuseHead(400, "a request of HTTP/1.1 has a Host");
  }
  if (fields.count("host") > 1) return refuseHead(400, "Host is given more than once");
  const host: Authority | undefined = parseAuthority(text);
  if (host === undefined) return refuseHead(400, "Host is not a host name");
  if (named !== undefined && !sameAuthority(named, host, named.defaultPort)) {
    return refuseHead(400, "the target names another host than Host does");
  }
  return host.host;
}
