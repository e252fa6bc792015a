import { expect, test } from "bun:test";
import { UserError } from "../../../src/base/errors.ts";
import { Template } from "../../../src/base/template.ts";

test("placeholders are filled in, each time they occur", () => {
  const template = new Template("[app]/x-[stream]-[app]", ["app", "stream"]);
  expect(template.expand((name) => name.toUpperCase())).toBe("APP/x-STREAM-APP");
});

test("a value that looks like a placeholder stays as it is", () => {
  expect(new Template("[stream]", ["stream"]).expand(() => "[app]")).toBe("[app]");
});

test.each([
  ["[strem]", "unknown placeholder [strem]; allowed: [app] [stream]"],
  ["a[]b", "unknown placeholder []; allowed: [app] [stream]"],
  ["a[stream", '"a[stream" has an unmatched bracket'],
  ["stream]", '"stream]" has an unmatched bracket'],
  ["[[stream]]", '"[[stream]]" has an unmatched bracket'],
])("%s is refused", (text, message) => {
  expect(() => new Template(text, ["app", "stream"])).toThrow(new UserError(message));
});

test("the message says so if no placeholder is allowed", () => {
  expect(() => new Template("[a]", [])).toThrow(new UserError("unknown placeholder [a]; none is allowed here"));
});
