/** The part of OpenAPI 3.1's JSON Schema that the answers here need. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** A text. */
export const string: Schema = { type: "string" };
/** A whole number. */
export const whole: Schema = { type: "integer" };
/** A number. */
export const number: Schema = { type: "number" };
/** True or false. */
export const boolean: Schema = { type: "boolean" };

/** An object with these properties, all of them required. */
export function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", properties, required: Object.keys(properties) };
}

/** A list of these. */
export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** The same, or null. */
export function orNull(schema: Schema): Schema {
  return { ...schema, type: [String(schema.type), "null"] };
}

/** One of these words. */
export function oneOf(...words: readonly string[]): Schema {
  return { type: "string", enum: words };
}
