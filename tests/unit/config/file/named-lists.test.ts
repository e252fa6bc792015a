import { expect, test } from "bun:test";
import { ConfigErrors, parseConfig } from "../../../../src/app/config/index.ts";

const users = (toml: string) => [...parseConfig(toml, "x.toml").http_api.user];

function errorsOf(toml: string): readonly string[] {
  try {
    parseConfig(toml, "x.toml");
    return [];
  } catch (error) {
    if (error instanceof ConfigErrors) return error.lines;
    throw error;
  }
}

test("tables with names may be written as a list with a name in each", () => {
  const list = users(
    '[[http_api.user]]\nname = "a"\nrole = "admin"\n[[http_api.user]]\nname = "b"\npassword = "12345678"',
  );
  expect(list).toEqual(users('[http_api.user.a]\nrole = "admin"\n[http_api.user.b]\npassword = "12345678"'));
  expect(list.map(([name, { role }]) => `${name} ${role}`)).toEqual(["a admin", "b read"]);
});

test("a mistake in one of them is told with its line", () => {
  expect(errorsOf('[[http_api.user]]\nname = "a"\n[[http_api.user]]\nname = "b"\nrole = "king"')).toEqual([
    'x.toml:5: http_api.user.b.role: must be "read" or "admin", not "king"',
  ]);
});

test.each([
  "[[http_api.user]]\nrole = 'read'",
  "[[http_api.user]]\nname = 'a'\n[[http_api.user]]\nname = 'a'",
  "[[http_api.user]]\nname = 7",
  "[http_api]\nuser = [1]",
])("a list without a name for each, of its own, is refused: %p", (toml) => {
  expect(errorsOf(toml).join()).toContain("http_api.user: must be tables by name, [http_api.user.NAME]");
});
