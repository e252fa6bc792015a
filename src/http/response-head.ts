import { isToken } from "./characters.ts";
import { reasonPhrase } from "./status.ts";

/**
 * How the end of a body is known (RFC 9112, 6.3): its bytes, chunks, or the close of the connection. "none": there is no
 * body and no length is given, as with 101 and 304.
 */
export type BodyEnd = number | "chunked" | "close" | "none";

/** The head of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** By name in lower case. Date, Content-Length, Transfer-Encoding and, except with 101, Connection are made from the other fields. */
  readonly headers: Readonly<Record<string, string>>;
  /** The value of the Date header, from `DateHeader`. */
  readonly date: string;
  /** The answer to HEAD has the same value as that to GET. */
  readonly body: BodyEnd;
  /** The request's version: 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1;
  /** Whether the connection stays open, unless its close ends the body. */
  readonly keepAlive: boolean;
}

/** Visible ASCII characters, spaces and tabs: no line ends, nothing that depends on the charset. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** Headers that the writer makes itself: given twice, readers might disagree about the body. */
const OWN: ReadonlySet<string> = new Set(["date", "content-length", "transfer-encoding", "connection"]);
const encoder = new TextEncoder();

/**
 * The bytes of a head with its empty line (RFC 9112, 4). Throws Error for a header that would end its line early, is not ASCII or
 * is made from other fields. Callers percent-encode text that comes from peers.
 */
export function writeResponseHead(head: ResponseHead): Uint8Array {
  const { status, headers } = head;
  let text = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nDate: ${head.date}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    const own = OWN.has(name) && !(name === "connection" && status === 101);
    if (own || !isToken(name) || !VALUE.test(value))
      throw new Error(`the header ${JSON.stringify(name)} can't be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return encoder.encode(`${text}${bodyLine(head)}${connectionLine(head)}\r\n`);
}

/** 1xx and 204 have neither length nor coding (RFC 9110, 8.6; RFC 9112, 6.1). */
function bodyLine({ status, body, minorVersion }: ResponseHead): string {
  if (status < 200 || status === 204) return "";
  if (typeof body === "number") return `Content-Length: ${body}\r\n`;
  if (body !== "chunked") return "";
  if (minorVersion === 0) throw new Error("HTTP/1.0 has no chunks");
  return "Transfer-Encoding: chunked\r\n";
}

function connectionLine({ status, body, minorVersion, keepAlive }: ResponseHead): string {
  if (status < 200) return "";
  if (!keepAlive || body === "close") return "Connection: close\r\n";
  return minorVersion === 0 ? "Connection: keep-alive\r\n" : "";
}
