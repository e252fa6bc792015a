import { expect, test } from "bun:test";
import { rootTable } from "../../../src/app/config/blocks.ts";
import { namePlaceholder, type Table } from "../../../src/config/table.ts";
import { effects } from "../../support/e2e/reload/effects.ts";

/** The paths of all keys that a reload applies, as far as they say. */
function liveKeys(table: Table, path: string): string[] {
  return Object.entries(table.entries).flatMap(([name, entry]) => {
    const at = path === "" ? name : `${path}.${name}`;
    if (entry.kind === "table") return liveKeys(entry, at);
    if (entry.kind === "named") return liveKeys(entry.table, `${at}.${namePlaceholder}`);
    return entry.reload === "live" ? [at] : [];
  });
}

test("each key that a reload applies has its effect observed on a running server (tests/support/e2e/reload)", () => {
  expect(Object.keys(effects).toSorted()).toEqual(liveKeys(rootTable, "").toSorted());
});
