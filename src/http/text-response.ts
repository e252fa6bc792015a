import { formatHttpDate } from "./http-date.ts";
import { writeResponseHead } from "./response-head.ts";

/** First bytes of GET, HEAD and OPTIONS. */
const FIRST_BYTES = new Set(Array.from("GHO", (letter) => letter.charCodeAt(0)));
/** The first byte of POST, PUT and PATCH, and of the PROXY protocol, whose second byte is R. */
const P = 0x50;
const R = 0x52;
const encoder = new TextEncoder();

/** Whether a connection's first bytes are those of an HTTP request, and not of RTMP, TLS or the PROXY protocol. */
export function beginsLikeHttp([first = 0, second]: Uint8Array): boolean {
  return FIRST_BYTES.has(first) || (first === P && second !== undefined && second !== R);
}

/** A whole answer with one line of text, after which its connection is closed. `unixMs`: now. */
export function textResponse(
  status: number,
  line: string,
  unixMs: number,
  headers: Readonly<Record<string, string>> = {},
): Uint8Array {
  const body = encoder.encode(`${line}\n`);
  const all = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers };
  const end = { body: body.length, minorVersion: 1, keepAlive: false } as const;
  const head = writeResponseHead({ status, headers: all, date: formatHttpDate(unixMs), ...end });
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
