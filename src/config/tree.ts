/** A parsed TOML table. */
export type Tree = Readonly<Record<string, unknown>>;

/** Whether a parsed value is a table. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
