import type { Key, TomlScalar, TomlValue } from "./key.ts";
import { type Path, quote, showKey, showPath } from "./show.ts";
import { type NamedTables, namePlaceholder, type Table, type ValueOf } from "./table.ts";

interface RenderOptions {
  /** Each key is preceded by its documentation, its type and its default. */
  readonly annotate?: boolean;
  /** Keys that have their default are left out. */
  readonly changesOnly?: boolean;
  /** Secrets are left out. */
  readonly masked?: boolean;
  /** A remark after the value of a path. */
  readonly remark?: (path: Path) => string;
  /** Comment lines at the end of a table. */
  readonly comments?: (table: Path) => readonly string[];
}

/** The values as a TOML file that reads back as the same values. */
export function renderToml<T extends Table>(root: T, values: ValueOf<T>, options: RenderOptions = {}): string {
  const renderer = new Renderer(values as Values, options);
  renderer.table(root, values as Values, [], false);
  return renderer.blocks.length === 0 ? "" : `${renderer.blocks.join("\n\n")}\n`;
}

type Values = Readonly<Record<string, unknown>>;

class Renderer {
  readonly blocks: string[] = [];
  readonly #root: Values;
  readonly #options: RenderOptions;

  constructor(root: Values, options: RenderOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** One table with its sub-tables. `isNamed`: it is written even when it is empty. */
  table(table: Table, values: Values, path: Path, isNamed: boolean): void {
    const lines: string[] = [];
    for (const [name, entry] of Object.entries(table.entries)) {
      if (entry.kind !== "key" || this.#isLeftOut(name, entry, values[name])) continue;
      if (this.#options.annotate) lines.push(...annotation(name, entry, lines.length === 0));
      lines.push(this.#key(entry, values[name], [...path, name]));
    }
    lines.push(...(this.#options.comments?.(path) ?? []));
    if (path.length > 0 && (isNamed || lines.length > 0)) {
      lines.unshift(...(this.#options.annotate ? [`# ${table.doc}`] : []), `[${showPath(path)}]`);
    }
    if (lines.length > 0) this.blocks.push(lines.join("\n"));
    for (const [name, entry] of Object.entries(table.entries)) {
      if (entry.kind === "table") this.table(entry, values[name] as Values, [...path, name], false);
      if (entry.kind === "named") this.#named(entry, values[name] as ReadonlyMap<string, Values>, [...path, name]);
    }
  }

  #key(key: Key<unknown>, value: unknown, path: Path): string {
    const { masked, remark } = this.#options;
    const line = assignment(String(path.at(-1)), masked ? key.toShown(value) : key.toToml(value));
    return remark === undefined ? line : `${line}  # ${remark(path)}`;
  }

  #named(entry: NamedTables, tables: ReadonlyMap<string, Values>, path: Path): void {
    const { implied } = entry;
    if (implied === undefined && tables.size === 0 && this.#options.annotate) this.#example(entry.table, path);
    const isImplied = tables.size === 1 && implied !== undefined && tables.has(implied);
    for (const [name, values] of tables) this.table(entry.table, values, [...path, name], !isImplied);
  }

  /** A table that does not exist, as comments: its keys with their documentation. */
  #example(table: Table, path: Path): void {
    const at = [...path, namePlaceholder];
    const lines = Object.entries(table.entries).flatMap(([name, entry], index) =>
      entry.kind === "key"
        ? [...annotation(name, entry, index === 0), this.#key(entry, entry.default, [...at, name])]
        : [],
    );
    const whole = [`# ${table.doc}`, `[${showPath(at)}]`, ...lines];
    this.blocks.push(whole.map((line) => (line.startsWith("#") || line === "" ? line || "#" : `#${line}`)).join("\n"));
  }

  #isLeftOut(name: string, key: Key<unknown>, value: unknown): boolean {
    if (!this.#options.changesOnly) return false;
    const fallback = key.inherits ? this.#root[name] : key.default;
    return writeValue(key.toToml(value)) === writeValue(key.toToml(fallback));
  }
}

/** The documentation of a key, as lines: purpose; type, default and effect of a reload; an example. */
export function describeKey(name: string, key: Key<unknown>): string[] {
  const fallback = key.inherits ? `the ${name} at the top of the file` : writeValue(key.toToml(key.default));
  const applied = key.reload === "live" ? "A reload applies it." : `A change needs a restart: ${key.reload.restart}.`;
  const type = key.type.replace(/^[at]/, (first) => first.toUpperCase());
  const lines = [key.doc, `${type}. Default: ${fallback}. ${applied}`];
  return key.example === undefined ? lines : [...lines, `Example: ${assignment(name, key.example)}`];
}

function annotation(name: string, key: Key<unknown>, isFirst: boolean): string[] {
  return [...(isFirst ? [] : [""]), ...describeKey(name, key).map((line) => `# ${line}`)];
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
