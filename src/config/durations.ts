import type { JsonSchema } from "./json.ts";

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const keyUnitMs: Readonly<Record<string, number>> = { milliseconds: 1, seconds: 1000 };

/** Whether a key's unit is one of time, so that its value may be a text with a unit of its own, "5s". */
export function isTime(unit: string): boolean {
  return Object.hasOwn(keyUnitMs, unit);
}

/** A text such as "5s" or "500ms" as a whole number in a key's unit; any other value is returned as it is. */
export function inUnit(unit: string, value: unknown): unknown {
  const [, count = "", own = ""] = (typeof value === "string" && /^([0-9]{1,9}) ?(ms|s|m|min|h|d)$/.exec(value)) || [];
  const number = (Number(count) * (unitMs[own] ?? Number.NaN)) / (keyUnitMs[unit] ?? Number.NaN);
  return Number.isInteger(number) ? number : value;
}

/** The schema of such a text, for editors. */
export const durationJson: JsonSchema = { type: "string", pattern: "^[0-9]{1,9} ?(ms|s|m|min|h|d)$" };
