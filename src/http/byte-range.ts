import { trimmed } from "./characters.ts";

/** A part of a body: from `start` up to, but not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const BYTES = /^bytes=(.*)$/i;
const RANGE = /^([0-9]*)-([0-9]*)$/;

/**
 * Reads a Range header for a body of `size` bytes (RFC 9110, 14.2): a part, "whole" if the header is ignored, or "unsatisfiable"
 * (416). Several ranges, other units and malformed headers get the whole body. Only GET has ranges.
 */
export function readRange(header: string | undefined, size: number): ByteRange | "whole" | "unsatisfiable" {
  const set = BYTES.exec(header ?? "")?.[1];
  // Empty list elements are ignored (RFC 9110, 5.6.1.2).
  const ranges = set?.split(",").map(trimmed) ?? [];
  const [only, ...others] = ranges.filter((one) => one !== "");
  const [, first, last] = RANGE.exec(only ?? "") ?? [];
  if (others.length > 0 || first === undefined || last === undefined || (first === "" && last === "")) return "whole";
  if (first === "") {
    const count = Math.min(Number(last), size);
    return count === 0 ? "unsatisfiable" : { start: size - count, end: size };
  }
  const start = Number(first);
  const until = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (until < start) return "whole";
  return start >= size ? "unsatisfiable" : { start, end: Math.min(until + 1, size) };
}

/** The value of the Content-Range header (RFC 9110, 14.4); without a range, that of a 416. */
export function contentRange(range: ByteRange | undefined, size: number): string {
  return range === undefined ? `bytes */${size}` : `bytes ${range.start}-${range.end - 1}/${size}`;
}
