import { acceptsGzip } from "../../http/accept-encoding.ts";
import { contentRange, readRange } from "../../http/byte-range.ts";
import { checkConditions, rangeApplies, type Validators } from "../../http/conditional.ts";
import { formatHttpDate } from "../../http/http-date.ts";
import type { HttpRequest } from "../../http/request.ts";
import { type BodyEnd, type ResponseHead, writeResponseHead } from "../../http/response-head.ts";
import type { HttpAnswer, HttpFile } from "../../live/ports/http.ts";
import type { HttpContext } from "./context.ts";

const encoder = new TextEncoder();

/** What is sent of an answer: its head, and a part of its body. */
export interface Prepared {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly end: BodyEnd;
  /** Undefined: nothing is sent behind the head. */
  readonly body: Uint8Array | HttpFile | undefined;
  /** The part of `body` that is sent, from `start` up to `end`. */
  readonly part: { readonly start: number; readonly end: number };
}

/** An answer of one line of text. */
export function textAnswer(status: number, line: string, headers: HttpAnswer["headers"] = {}): HttpAnswer {
  return {
    status,
    type: "text/plain; charset=utf-8",
    headers: { "cache-control": "no-store", ...headers },
    body: encoder.encode(`${line}\n`),
  };
}

/** The bytes of an answer's head, with the headers that all answers have. */
export function writeHead(
  { clock, dates, software, headers: common }: Pick<HttpContext, "clock" | "dates" | "software" | "headers">,
  head: Omit<ResponseHead, "date">,
): Uint8Array {
  const headers = { server: software, ...common, ...head.headers };
  return writeResponseHead({ ...head, headers, date: dates.at(clock.wall()) });
}

/** Decides what of an answer a request gets: all, a part (Range), a coding, or that nothing has changed. `nowMs`: Unix ms. */
export function prepareAnswer(request: HttpRequest, answer: HttpAnswer, nowMs: number): Prepared {
  const { status, type } = answer;
  const gzip = status === 200 ? gzipFor(request, answer) : undefined;
  const have = validatorsOf(answer, gzip !== undefined);
  const headers = { ...headersOf(answer, have), ...answer.headers };
  const condition = status === 200 ? checkConditions(request, have, nowMs) : undefined;
  if (condition !== undefined) return without(condition, headers, condition === 304 ? "none" : 0);
  const body = gzip ?? answer.body;
  // HEAD has no Content-Length here, as the answer to GET may have a body.
  if (body === undefined) return without(status, headers, request.method === "HEAD" ? "none" : 0);
  if (type !== undefined) headers["content-type"] = type;
  if (gzip !== undefined) headers["content-encoding"] = "gzip";
  if (status === 200) headers["accept-ranges"] = "bytes";
  const size = sizeOf(body);
  const mayBePart = status === 200 && request.method === "GET" && gzip === undefined;
  const range = mayBePart && rangeApplies(request, have, nowMs) ? readRange(request.header("range"), size) : "whole";
  if (range === "unsatisfiable") {
    const { "content-type": _, ...others } = headers;
    return without(416, { ...others, "content-range": contentRange(undefined, size) }, 0);
  }
  const sent = request.method === "HEAD" ? undefined : body;
  if (range === "whole") return { status, headers, end: size, body: sent, part: { start: 0, end: size } };
  headers["content-range"] = contentRange(range, size);
  return { status: 206, headers, end: range.end - range.start, body: sent, part: range };
}

/** An answer whose body is not sent. */
function without(status: number, headers: Prepared["headers"], end: BodyEnd): Prepared {
  return { status, headers, end, body: undefined, part: { start: 0, end: 0 } };
}

function sizeOf(body: Uint8Array | HttpFile): number {
  return body instanceof Uint8Array ? body.length : body.size;
}

/** The gzip coding of the body if the client accepts it; none for Range requests, whose ranges are those of the plain body. */
function gzipFor(request: HttpRequest, { encodings }: HttpAnswer): Uint8Array | undefined {
  if (encodings?.gzip === undefined || request.header("range") !== undefined) return undefined;
  return acceptsGzip(request.header("accept-encoding")) ? encodings.gzip : undefined;
}

function validatorsOf({ etag, lastModifiedMs }: HttpAnswer, isGzip: boolean): Validators {
  // The gzip representation has a tag of its own (RFC 9110, 8.8.3.3).
  const tag = isGzip && etag !== undefined ? `${etag.slice(0, -1)}-gzip"` : etag;
  return { ...(tag === undefined ? {} : { etag: tag }), ...(lastModifiedMs === undefined ? {} : { lastModifiedMs }) };
}

function headersOf({ encodings }: HttpAnswer, { etag, lastModifiedMs }: Validators): Record<string, string> {
  return {
    "x-content-type-options": "nosniff",
    ...(encodings === undefined ? {} : { vary: "Accept-Encoding" }),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModifiedMs === undefined ? {} : { "last-modified": formatHttpDate(lastModifiedMs) }),
  };
}
