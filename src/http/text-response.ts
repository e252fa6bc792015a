import { formatHttpDate } from "./http-date.ts";
import { writeResponseHead } from "./response-head.ts";

/** First bytes of GET, HEAD, POST, PUT, PATCH and OPTIONS. */
const FIRST_BYTES = new Set(Array.from("GHPO", (letter) => letter.charCodeAt(0)));
const encoder = new TextEncoder();

/** Whether a connection of another protocol begins as a request of HTTP does; no byte of RTMP and TLS does. */
export function beginsLikeHttp(firstByte: number | undefined): boolean {
  return firstByte !== undefined && FIRST_BYTES.has(firstByte);
}

/** A whole answer of one line of text, after which its connection is to be closed. `unixMs`: now. */
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
