import { expect, test } from "bun:test";
import * as v from "valibot";
import { flagOr, list } from "../../../src/config/key.ts";
import { valueOfText } from "../../../src/config/words.ts";

const options = { doc: "A key.", reload: "live" } as const;

test("a prefix applies once, to the word after it", () => {
  const rules = list<string>({
    ...options,
    default: [],
    type: "a rule",
    prefixes: ["publish", "play"],
    parse: String,
    toToml: String,
    identity: String,
  });
  expect(valueOfText(rules, "publish 10.0.0.0/8 play  all 10.1.2.3")).toEqual([
    "publish 10.0.0.0/8",
    "play all",
    "10.1.2.3",
  ]);
  expect(valueOfText(rules, "all play play publish")).toEqual(["all", "play play", "publish"]);
});

test("a key that is a flag or a word is read from both", () => {
  const key = flagOr("auto", { ...options, default: "auto" });
  expect(["on", "false", "auto"].map((text) => valueOfText(key, text))).toEqual([true, false, "auto"]);
  const said = (value: unknown) => v.safeParse(key.schema, value).issues?.[0].message;
  expect(said("off")).toBe('must be true or false; write false instead of "off"');
  expect(said("yes")).toBe('must be true, false or "auto", not "yes"');
});
