import { expect, test } from "bun:test";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { positionsOf } from "../../../../src/config/file/positions.ts";

const document = `\ufeff# comment with [brackets] = "and quotes
top = 1 # listen = 2
a.b . c = 2
"quoted \\"key\\".x".'lite\\ral' = 3

[vhost.__defaultVhost__] # [not.this]
gop_cache = true
text = """
[fake]
fake = 1 \\""" still
"""
raw = '''
fake = 2
'''''
forward = [
  "one", # "no"
  'two',

  """three
  lines""",
  { inner = 1, deep.er = [
    4 ] },
]
[vhost."live.example.com".publish]
when = 1979-05-27 07:32:00
inline = { x = 1, "y z" = "}" }
[[list]]
a = 1
[[list.sub]]
b = 1
[[list.sub]]
b = 2
[[list]]
[list.sub]
c = 3\r
"\\u00e9\\x41" = 1`;

test.each([
  [["top"], 2],
  [["a"], 3],
  [["a", "b", "c"], 3],
  [['quoted "key".x', "lite\\ral"], 4],
  [["vhost", "__defaultVhost__"], 6],
  [["vhost", "__defaultVhost__", "gop_cache"], 7],
  [["vhost", "__defaultVhost__", "raw"], 12],
  [["vhost", "__defaultVhost__", "forward"], 15],
  [["vhost", "__defaultVhost__", "forward", 0], 16],
  [["vhost", "__defaultVhost__", "forward", 1], 17],
  [["vhost", "__defaultVhost__", "forward", 2], 19],
  [["vhost", "__defaultVhost__", "forward", 3, "inner"], 21],
  [["vhost", "__defaultVhost__", "forward", 3, "deep", "er", 0], 22],
  [["vhost", "live.example.com", "publish"], 24],
  [["vhost", "live.example.com", "publish", "inline", "y z"], 26],
  [["list", 0, "a"], 28],
  [["list", 0, "sub", 1, "b"], 32],
  [["list", 1], 33],
  [["list", 1, "sub", "c"], 35],
  [["list", 1, "sub", "éA"], 36],
] as const)("%j is on line %d", (path, line) => {
  expect(() => parse(document)).not.toThrow();
  expect(positionsOf(document).line(path)).toBe(line);
});

test("a value that is not written has no line", () => {
  const positions = positionsOf(document);
  expect(positions.line(["fake"])).toBeUndefined();
  expect(positions.line(["vhost", "__defaultVhost__", "fake"])).toBeUndefined();
});

test("every key and item of any document has a line", () => {
  const key = fc.oneof(fc.constantFrom("a", "b-c", "d.e", 'f"', "g]", "h=", "i#", "", "j\n"), fc.string());
  const leaf = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom('"""', "'''", "\\"),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("any"), { maxLength: 3 }), tie("table")),
    table: fc.dictionary(key, tie("any"), { maxKeys: 4, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(value.table, (table) => {
      const text = stringify(table);
      const positions = positionsOf(text);
      const lastLine = text.split("\n").length;
      for (const path of pathsOf(parse(text), [])) {
        const line = positions.line(path);
        expect(line).toBeGreaterThan(0);
        expect(line).toBeLessThanOrEqual(lastLine);
      }
    }),
    { seed: 7, numRuns: 100 },
  );
});

type Path = (string | number)[];

function pathsOf(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => [[...path, i], ...pathsOf(item, [...path, i])]);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [[...path, key], ...pathsOf(item, [...path, key])]);
}
