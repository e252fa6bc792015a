import { parseHttpDate } from "./http-date.ts";

/** The representation that conditions are checked against. */
export interface Validators {
  /** Includes its quotes, and `W/` before them if it is weak (RFC 9110, 8.8.3). */
  readonly etag?: string;
  /** Unix ms; fractions of a second are ignored. */
  readonly lastModifiedMs?: number;
}

/** A request's headers, `name` in lower case. */
export interface Headers {
  header(name: string): string | undefined;
}

const ENTITY_TAG = /[ \t,]*((?:W\/)?"[\x21\x23-\x7e\x80-\u{10ffff}]*")[ \t]*(?:,|$)/uy;

/**
 * Checks the conditions of GET or HEAD in the order of RFC 9110, 13.2.2: 304 if the client has this representation, 412 if it
 * wants only another one, undefined if the answer is sent. `nowMs`: Unix ms, for dates with two-digit years.
 */
export function checkConditions(request: Headers, have: Validators, nowMs: number): 304 | 412 | undefined {
  const ifMatch = request.header("if-match");
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, have.etag, true)) return 412;
  } else if (modifiedSince(request.header("if-unmodified-since"), have.lastModifiedMs, nowMs) === true) return 412;
  const ifNoneMatch = request.header("if-none-match");
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, have.etag, false) ? 304 : undefined;
  return modifiedSince(request.header("if-modified-since"), have.lastModifiedMs, nowMs) === false ? 304 : undefined;
}

/**
 * Whether a Range request may be answered in part (RFC 9110, 13.1.5): without If-Range, or if it names this representation by a
 * strong tag or by its exact date.
 */
export function rangeApplies(request: Headers, have: Validators, nowMs: number): boolean {
  const condition = request.header("if-range");
  if (condition === undefined) return true;
  if (condition.endsWith('"')) return have.etag !== undefined && sameTag(condition, have.etag, true);
  const since = parseHttpDate(condition, nowMs);
  return since !== undefined && have.lastModifiedMs !== undefined && since === wholeSecond(have.lastModifiedMs);
}

/** Whether two entity tags are equal; `strong` requires that neither is weak (RFC 9110, 8.8.3.2). */
export function sameTag(one: string, other: string, strong: boolean): boolean {
  if (strong) return one === other && !one.startsWith("W/");
  return opaque(one) === opaque(other);
}

/** Whether a list of tags, or `*`, contains this one. A malformed list ends at the mistake. */
function matches(list: string, etag: string | undefined, strong: boolean): boolean {
  if (list === "*") return true;
  if (etag === undefined) return false;
  ENTITY_TAG.lastIndex = 0;
  for (let found = ENTITY_TAG.exec(list); found !== null; found = ENTITY_TAG.exec(list)) {
    if (sameTag(found[1] ?? "", etag, strong)) return true;
  }
  return false;
}

/** Undefined if nothing can be compared: no date, an invalid one (which is ignored), or no time of the representation. */
function modifiedSince(
  text: string | undefined,
  lastModifiedMs: number | undefined,
  nowMs: number,
): boolean | undefined {
  if (text === undefined || lastModifiedMs === undefined) return undefined;
  const since = parseHttpDate(text, nowMs);
  return since === undefined ? undefined : wholeSecond(lastModifiedMs) > since;
}

function wholeSecond(unixMs: number): number {
  return unixMs - (unixMs % 1000);
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
