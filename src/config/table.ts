import type { Key } from "./key.ts";

/** The keys and tables in a table, by name. */
export interface Shape {
  readonly [name: string]: Key<unknown> | Table | NamedTables;
}

/** A table of the configuration file. */
export interface Table<S extends Shape = Shape> {
  readonly kind: "table";
  /** One line on what it holds. */
  readonly doc: string;
  readonly entries: S;
}

/** Tables of one shape under names that the operator chooses, as `[vhost.NAME]`. */
export interface NamedTables<S extends Shape = Shape> {
  readonly kind: "named";
  readonly table: Table<S>;
  /** The one table, with defaults only, that exists when the file names none; undefined: then there is none. */
  readonly implied: string | undefined;
  /** Why a name is not possible. */
  nameProblem(name: string): string | undefined;
}

/** The typed value of a key, a table, or named tables, with every key present. */
export type ValueOf<E> =
  E extends Key<infer T>
    ? T
    : E extends NamedTables<infer S>
      ? ReadonlyMap<string, ValueOf<Table<S>>>
      : E extends Table<infer S>
        ? { readonly [K in keyof S]: ValueOf<S[K]> }
        : never;

/** Declares a table. */
export function table<S extends Shape>(doc: string, entries: S): Table<S> {
  return { kind: "table", doc, entries };
}

/** Declares tables by name. */
export function named<S extends Shape>(options: Omit<NamedTables<S>, "kind">): NamedTables<S> {
  return { kind: "named", ...options };
}

/** The placeholder for a name in messages and documentation. */
export const namePlaceholder = "NAME";
