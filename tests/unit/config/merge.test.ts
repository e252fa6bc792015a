import { expect, test } from "bun:test";
import { integer } from "../../../src/config/key.ts";
import { merge } from "../../../src/config/merge.ts";
import { named, table } from "../../../src/config/table.ts";
import { validate } from "../../../src/config/validate.ts";

const number = (reload: "live" | { restart: string } = "live") =>
  integer({ default: 1, unit: "", min: 0, max: 100, doc: "A number.", reload });

const room = table("A room.", { width: number(), fixed: number({ restart: "walls do not move" }) });
const root = table("A house.", {
  number: number(),
  roof: table("The roof.", { height: number() }),
  room: named({ table: room, implied: "hall", nameProblem: () => undefined }),
});

const read = (tree: Readonly<Record<string, unknown>>) => validate(root, tree).values;

test("an unchanged value is the same object as before", () => {
  const before = read({ roof: { height: 3 }, room: { hall: { width: 2 }, attic: {} } });
  expect(merge(root, before, read({ roof: { height: 3 }, room: { hall: { width: 2 }, attic: {} } }))).toEqual({
    values: before,
    changed: [],
  });
  expect(merge(root, before, read({ roof: { height: 3 }, room: { attic: {}, hall: { width: 2 } } })).values).toBe(
    before,
  );
  const { values, changed } = merge(
    root,
    before,
    read({ number: 7, room: { hall: { width: 3 }, attic: {} }, roof: { height: 3 } }),
  );
  expect(changed).toEqual([
    { path: ["number"], restart: undefined },
    { path: ["room", "hall", "width"], restart: undefined },
  ]);
  expect(values.number).toBe(7);
  expect(values.roof).toBe(before.roof);
  expect(values.room.get("attic")).toBe(before.room.get("attic"));
  expect(values.room.get("hall")).toEqual({ width: 3, fixed: 1 });
});

test("a key that needs a restart keeps its value, and the reason is reported", () => {
  const before = read({ room: { hall: { fixed: 5 } } });
  const { values, changed } = merge(root, before, read({ room: { hall: { fixed: 6 } } }));
  expect(values).toBe(before);
  expect(changed).toEqual([{ path: ["room", "hall", "fixed"], restart: "walls do not move" }]);
});

test("tables that are added or removed are reported as a whole, and take effect as a whole", () => {
  const before = read({ room: { hall: {}, attic: {} } });
  const { values, changed } = merge(root, before, read({ room: { hall: {}, cellar: { fixed: 9 } } }));
  expect(changed.map(({ path, restart }) => [path.join("."), restart])).toEqual([
    ["room.cellar", undefined],
    ["room.attic", undefined],
  ]);
  expect([...values.room]).toEqual([
    ["hall", { width: 1, fixed: 1 }],
    ["cellar", { width: 1, fixed: 9 }],
  ]);
});
