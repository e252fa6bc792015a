import type { JsonSchema } from "./json.ts";
import type { Key } from "./key.ts";
import { describeKey } from "./render.ts";
import type { Table } from "./table.ts";

const fromFile = "fromFile";

/** The JSON Schema (draft 7) of a TOML configuration file, for editors. It holds the rules that concern one key's value alone. */
export function jsonSchemaOf(root: Table): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    ...tableSchema(root),
    definitions: {
      [fromFile]: {
        description: "The path of a file that has the value.",
        type: "object",
        properties: { file: { type: "string" } },
        required: ["file"],
        additionalProperties: false,
      },
    },
  };
}

function tableSchema(table: Table): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [name, entry] of Object.entries(table.entries)) {
    if (entry.kind === "key") properties[name] = keySchema(name, entry);
    else if (entry.kind === "table") properties[name] = tableSchema(entry);
    else {
      properties[name] = {
        description: entry.table.doc,
        type: "object",
        additionalProperties: tableSchema(entry.table),
      };
    }
  }
  return { description: table.doc, type: "object", properties, additionalProperties: false };
}

function keySchema(name: string, key: Key<unknown>): JsonSchema {
  const file = { $ref: `#/definitions/${fromFile}` };
  return {
    description: describeKey(name, key).join("\n"),
    ...(key.inherits ? {} : { default: key.toToml(key.default) }),
    ...(key.example === undefined ? {} : { examples: [key.example] }),
    anyOf: [...withItems(key.json.anyOf ?? [key.json], file), file],
  };
}

/** An item of a list may come from a file, too. */
function withItems(choices: readonly JsonSchema[], file: JsonSchema): JsonSchema[] {
  return choices.map((each) => {
    if (each.type !== "array" || each.items === undefined) return each;
    return { ...each, items: { anyOf: [each.items, file] } };
  });
}
