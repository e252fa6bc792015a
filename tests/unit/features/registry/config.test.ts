import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { registryKeys } from "../../../../src/features/registry/config.ts";

const { registry, registry_prefix } = registryKeys;
const read = (value: unknown) => v.parse(registry.schema, value);
const problem = (schema: v.GenericSchema, value: unknown) => {
  const result = v.safeParse(schema, value);
  return result.success ? undefined : result.issues[0].message;
};

describe("A server of the registry", () => {
  test.each([
    ["redis://10.0.0.9", { host: "10.0.0.9", port: 6379, tls: false, username: "", password: "", database: 0 }],
    ["valkey://[::1]:7000/3", { host: "::1", port: 7000, tls: false, username: "", password: "", database: 3 }],
    ["rediss://:p%40ss@r:1", { host: "r", port: 1, tls: true, username: "", password: "p@ss", database: 0 }],
    ["REDIS://me:x@r/0", { host: "r", port: 6379, tls: false, username: "me", password: "x", database: 0 }],
  ])("is read from %s", (text, server) => {
    expect(read(text)).toEqual([{ text, ...server }]);
  });

  test("is shown without its password", () => {
    expect(registry.toShown(read(["redis://me:hidden@r:1/2", "redis://:hidden@s", "redis://t"]))).toEqual([
      "redis://me:***@r:1/2",
      "redis://:***@s",
      "redis://t",
    ]);
  });

  test.each([
    [7, 'must be the URL of a server (redis, rediss), "redis://10.0.0.9:6379", not 7'],
    ["10.0.0.9", 'must be the URL of a server (redis, rediss), "redis://10.0.0.9:6379", not "10.0.0.9"'],
    ["redis://r/x", 'must be the URL of a server (redis, rediss), "redis://10.0.0.9:6379", not "redis://r/x"'],
    ["redis://me:a@b@r/0", /one with a user or a password that can't be read$/],
    ["redis://me:hidd%zzen@r", "has a user or a password with a % that encodes nothing; write %25 for it"],
    ["redis://r/99999999", "has no database 99999999"],
    [["redis://r", "valkey://r:6379/0"], '"valkey://r:6379/0" is the same as "redis://r"'],
  ])("is not read from %j, and a password is not repeated", (value, message) => {
    const found = problem(registry.schema, value) ?? "";
    expect(found).toMatch(message instanceof RegExp ? message : new RegExp(`^${RegExp.escape(message)}$`));
    expect(found).not.toContain("hidd");
  });
});

test.each(["", "a b", "x".repeat(65), "a:b"])("The prefix of keys is not %j", (prefix) => {
  const found = problem(registry_prefix.schema, prefix);
  if (prefix === "") expect(found).toBeUndefined();
  else expect(found).toBe("must have 64 characters at most: letters, digits, and . _ -");
});
