import type { TomlScalar, TomlValue } from "./key.ts";
import type { Table, ValueOf } from "./table.ts";

/** Every secret text among the values, as the file has it. */
export function secretTexts<T extends Table>(root: T, values: ValueOf<T>): string[] {
  return textsOf(root, values as Values);
}

type Values = Readonly<Record<string, unknown>>;

function textsOf(table: Table, values: Values): string[] {
  const texts: string[] = [];
  for (const [name, entry] of Object.entries(table.entries)) {
    const value = values[name];
    if (entry.kind === "key") texts.push(...hidden(listOf(entry.toToml(value)), listOf(entry.toShown(value))));
    else if (entry.kind === "table") texts.push(...textsOf(entry, value as Values));
    else
      for (const inner of (value as ReadonlyMap<string, Values>).values()) texts.push(...textsOf(entry.table, inner));
  }
  return texts;
}

function hidden(written: readonly TomlScalar[], shown: readonly TomlScalar[]): string[] {
  return written.filter((text, at) => typeof text === "string" && text !== shown[at]).map(String);
}

function listOf(value: TomlValue): readonly TomlScalar[] {
  return typeof value === "object" ? value : [value];
}
