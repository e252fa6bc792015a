import type { AmfValue } from "../amf/value.ts";

/** A command's values with the command object first. Some encoders omit it: then null comes first. */
export function withCommandObject(args: readonly AmfValue[]): readonly AmfValue[] {
  const first = args[0];
  const missing = typeof first === "string" || typeof first === "number" || typeof first === "boolean";
  return missing ? [null, ...args] : args;
}

/** A text among a command's values; `""` for any other type. */
export function stringAt(args: readonly AmfValue[], index: number): string {
  const value = args[index];
  return typeof value === "string" ? value : "";
}

/** A number among a command's values. */
export function numberAt(args: readonly AmfValue[], index: number, otherwise: number): number {
  const value = args[index];
  return typeof value === "number" ? value : otherwise;
}

/** A flag among a command's values: Flash sends flags as booleans, some clients as numbers. */
export function booleanAt(args: readonly AmfValue[], index: number, otherwise: boolean): boolean {
  const value = args[index];
  if (typeof value === "boolean") return value;
  return typeof value === "number" ? value !== 0 : otherwise;
}

/** A peer's text in a message of ours: bounded, without control characters. */
export function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
}
