import { expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { errorsOf } from "../../../support/config.ts";

const problems = (toml: string) => errorsOf(() => parseConfig(toml, "x.toml"));
const users = (toml: string) => [...parseConfig(toml, "x.toml").http_api.user];

test("tables with names may be written as a list with a name in each", () => {
  const list = users(
    '[[http_api.user]]\nname = "a"\nrole = "admin"\n[[http_api.user]]\nname = "b"\npassword = "12345678"',
  );
  expect(list).toEqual(users('[http_api.user.a]\nrole = "admin"\n[http_api.user.b]\npassword = "12345678"'));
  expect(list.map(([name, { role }]) => `${name} ${role}`)).toEqual(["a admin", "b read"]);
});

test("an error in such a table is reported with its line", () => {
  expect(problems('[[http_api.user]]\nname = "a"\n[[http_api.user]]\nname = "b"\nrole = "king"')).toEqual([
    'x.toml:5: http_api.user.b.role: must be "read" or "admin", not "king"',
  ]);
});

test.each([
  "[[http_api.user]]\nrole = 'read'",
  "[[http_api.user]]\nname = 'a'\n[[http_api.user]]\nname = 'a'",
  "[[http_api.user]]\nname = 7",
  "[http_api]\nuser = [1]",
])("a list in which a table lacks a name of its own is refused: %p", (toml) => {
  expect(problems(toml).join()).toContain("http_api.user: must be tables by name, [http_api.user.NAME]");
});
