/** The part of JSON Schema (draft 7) that describes a configuration file. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: "boolean" | "integer" | "string" | "array" | "object" | readonly ("integer" | "string")[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

/** The schema of one item, or a list of items. */
export function isListOf(item: JsonSchema): JsonSchema {
  return { anyOf: [item, { type: "array", items: item }] };
}
