import { expect, test } from "bun:test";
import * as v from "valibot";
import { masked } from "../../../src/base/mask.ts";
import { list, text } from "../../../src/config/key.ts";

const common = { default: "", doc: "A path.", reload: "live", type: "the path of a file" } as const;

test("a text key accepts any text unchanged, and only text", () => {
  const key = text(common);
  expect(v.parse(key.schema, "./a b")).toBe("./a b");
  expect(v.safeParse(key.schema, 7).issues?.[0].message).toBe("must be the path of a file, not 7");
  expect(key.toShown("./a b")).toBe("./a b");
});

test("a text that its key refuses is refused with the key's own message; an empty one is never refused", () => {
  const key = text({ ...common, problem: (path) => (path.startsWith("/") ? undefined : "must be absolute") });
  expect(v.safeParse(key.schema, "a").issues?.[0].message).toBe("must be absolute");
  expect(v.parse(key.schema, "/a")).toBe("/a");
  expect(v.parse(key.schema, "")).toBe("");
});

test("a secret is written but not shown", () => {
  const key = text({ ...common, secret: true });
  expect(key.toToml("hush")).toBe("hush");
  expect(key.toShown("hush")).toBe(masked);
  expect(key.toShown("")).toBe("");
});

test("a secret that is listed twice is not quoted", () => {
  const key = list<string>({
    ...common,
    default: [],
    parse: String,
    toToml: String,
    toShown: () => masked,
    identity: String,
  });
  expect(v.safeParse(key.schema, ["hush", "hush"]).issues?.[0].message).toBe(`"${masked}" is listed twice`);
});
