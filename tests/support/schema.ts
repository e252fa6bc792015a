import type { Schema } from "../../src/features/api/schema.ts";

/** Where a value is not as a schema says, as lines; none when it is. What the schema does not name may not be there either. */
export function mismatches(value: unknown, schema: Schema, at = "answer"): string[] {
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  const type = typeOf(value);
  const fits = types.length === 0 || types.includes(type) || (type === "integer" && types.includes("number"));
  if (!fits) return [`${at} is ${type}, not ${types.join(" or ")}`];
  if (schema.enum !== undefined && !schema.enum.includes(String(value))) return [`${at} is ${value}`];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => mismatches(item, items, `${at}[${index}]`));
  }
  if (type !== "object" || schema.properties === undefined) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  const missing = (schema.required ?? [])
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => `${at}.${name} is missing`);
  const inside = Object.entries(fields).flatMap(([name, field]) => {
    const known = schema.properties?.[name];
    return known === undefined ? [`${at}.${name} is in no schema`] : mismatches(field, known, `${at}.${name}`);
  });
  return [...missing, ...inside];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
