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
  /** By name in lower case. Date, Content-Length, Transfer-Encoding and, but for 101, Connection come of the fields below. */
  readonly headers: Readonly<Record<string, string>>;
  /** The Date header's value, of `DateHeader`. */
  readonly date: string;
  /** For HEAD what it is for GET. */
  readonly body: BodyEnd;
  /** Of the request. */
  readonly minorVersion: 0 | 1;
  /** Whether the connection goes on afterwards. A body that ends with the connection overrules it. */
  readonly keepAlive: boolean;
}

/** Visible characters, spaces and tabs of ASCII: no line ends, nothing that reads otherwise in another charset. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** What the writer itself says: twice, it would let readers disagree about the body. */
const OWN: ReadonlySet<string> = new Set(["date", "content-length", "transfer-encoding", "connection"]);
const encoder = new TextEncoder();

/**
 * The bytes of a head with the empty line behind it (RFC 9112, 4). Throws Error for a header that would end its line early, is
 * not ASCII or comes of the other fields. What others say goes into headers percent-encoded.
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
