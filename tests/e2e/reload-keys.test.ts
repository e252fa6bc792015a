import { expect } from "bun:test";
import { effects } from "../support/e2e/reload/effects.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/reload-keys.test.ts");

test.concurrent.each(Object.keys(effects))("a reload applies %s to what runs", async (key) => {
  await using stage = new Stage();
  await effects[key]?.(stage);
  expect(effects[key]).toBeDefined();
});
