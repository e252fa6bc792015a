import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCurrent } from "../../../scripts/current-build.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-current-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("an executable is current when no source is newer", () => {
  const path = join(folder, "srs");
  expect(isCurrent(path)).toBe(false);
  writeFileSync(path, "");
  const future = Date.now() / 1000 + 86_400;
  utimesSync(path, future, future);
  expect(isCurrent(path)).toBe(true);
  utimesSync(path, 0, 0);
  expect(isCurrent(path)).toBe(false);
});
