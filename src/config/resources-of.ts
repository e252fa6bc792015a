import type { Named } from "./resources.ts";
import type { Path } from "./show.ts";
import type { Table, ValueOf } from "./table.ts";

/** All resources outside the process that the configuration's values name. */
export function resourcesOf<T extends Table>(root: T, values: ValueOf<T>): Named[] {
  return inTable(root, values as Values, []);
}

type Values = Readonly<Record<string, unknown>>;

function inTable(table: Table, values: Values, path: Path): Named[] {
  return Object.entries(table.entries).flatMap(([name, entry]): Named[] => {
    const [value, at] = [values[name], [...path, name]];
    if (entry.kind === "key") {
      const named = entry.resource(value);
      return named.flatMap((resource, index) =>
        resource === undefined ? [] : [{ path: at, item: entry.isList ? [...at, index] : at, resource }],
      );
    }
    if (entry.kind === "table") return inTable(entry, value as Values, at);
    return [...(value as ReadonlyMap<string, Values>)].flatMap(([key, inner]) =>
      inTable(entry.table, inner, [...at, key]),
    );
  });
}
