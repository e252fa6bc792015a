import type { Key, TomlScalar, TomlValue } from "./key.ts";
import { type Path, quote, showKey, showPath } from "./show.ts";
import type { Table, ValueOf } from "./table.ts";

interface RenderOptions {
  /** Whether each key is preceded by its documentation, its type and its default. */
  readonly annotate: boolean;
}

/** The values as a TOML file that reads back as the same values, every key written out. */
export function renderToml<T extends Table>(root: T, values: ValueOf<T>, options: RenderOptions): string {
  const blocks: string[] = [];
  renderTable(blocks, root, values as Values, [], options);
  return `${blocks.join("\n\n")}\n`;
}

type Values = Readonly<Record<string, unknown>>;

function renderTable(blocks: string[], table: Table, values: Values, path: Path, options: RenderOptions): void {
  const lines: string[] = [];
  for (const [name, entry] of Object.entries(table.entries)) {
    if (entry.kind !== "key") continue;
    if (options.annotate) lines.push(...(lines.length > 0 ? [""] : []), ...annotation(name, entry));
    lines.push(assignment(name, entry.toToml(values[name])));
  }
  if (path.length > 0) lines.unshift(...(options.annotate ? [`# ${table.doc}`] : []), `[${showPath(path)}]`);
  if (lines.length > 0) blocks.push(lines.join("\n"));
  for (const [name, entry] of Object.entries(table.entries)) {
    if (entry.kind === "table") renderTable(blocks, entry, values[name] as Values, [...path, name], options);
    if (entry.kind !== "named") continue;
    for (const [key, inner] of values[name] as ReadonlyMap<string, Values>) {
      renderTable(blocks, entry.table, inner, [...path, name, key], options);
    }
  }
}

function annotation(name: string, key: Key<unknown>): string[] {
  const fallback = key.inherits ? `the ${name} at the top of the file` : writeValue(key.toToml(key.default));
  const applied = key.reload === "live" ? "A reload applies it." : `A change needs a restart: ${key.reload.restart}.`;
  const type = key.type.replace(/^[at]/, (first) => first.toUpperCase());
  const lines = [`# ${key.doc}`, `# ${type}. Default: ${fallback}. ${applied}`];
  return key.example === undefined ? lines : [...lines, `# Example: ${assignment(name, key.example)}`];
}

function assignment(name: string, value: TomlValue): string {
  return `${showKey(name)} = ${writeValue(value)}`;
}

function writeValue(value: TomlValue): string {
  return isList(value) ? `[${value.map(writeScalar).join(", ")}]` : writeScalar(value);
}

function writeScalar(value: TomlScalar): string {
  return typeof value === "string" ? quote(value) : String(value);
}

function isList(value: TomlValue): value is readonly TomlScalar[] {
  return Array.isArray(value);
}
