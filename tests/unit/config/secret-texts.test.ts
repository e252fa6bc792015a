import { expect, test } from "bun:test";
import { configSecrets, parseConfig } from "../../../src/app/config/index.ts";
import { text } from "../../../src/config/key.ts";
import { secretTexts } from "../../../src/config/secret-texts.ts";
import { table } from "../../../src/config/table.ts";

test("texts that must not be shown are found at every depth", () => {
  const options = { default: "", type: "a text", doc: "A text.", reload: "live" } as const;
  const root = table("", {
    open: text(options),
    secret: text({ ...options, secret: true }),
    inner: table("", { secret: text({ ...options, secret: true }), empty: text({ ...options, secret: true }) }),
  });
  expect(secretTexts(root, { open: "a", secret: "b", inner: { secret: "c", empty: "" } })).toEqual(["b", "c"]);
});

test("the keys in targets are secrets of a configuration", () => {
  const toml = '[vhost.a]\nforward = ["edge", "rtmp://h/live2/KEY-123"]';
  expect(configSecrets(parseConfig(toml, "x.toml")).hide("to rtmp://h/live2/KEY-123")).toBe("to ***");
});
