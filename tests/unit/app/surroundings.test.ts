import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { surroundingsWarnings } from "../../../src/app/surroundings.ts";

test("variables that configure the runtime get a warning; the server's own and common ones do not", () => {
  const environment = {
    BUN_OPTIONS: "--inspect",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    SRS_LISTEN: "1",
    HOME: "/",
    BUN_X: "",
  };
  const lines = surroundingsWarnings(environment, "");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["BUN_OPTIONS", "NODE_TLS_REJECT_UNAUTHORIZED"]);
});

test("a folder for the pid file in which every user may replace files gets a warning", () => {
  const folder = mkdtempSync(join(tmpdir(), "srs-surroundings-"));
  try {
    const modes = { private: 0o700, open: 0o777, sticky: 0o1777 };
    const warned = Object.entries(modes).map(([name, mode]) => {
      const path = join(folder, name);
      mkdirSync(path);
      chmodSync(path, mode);
      return surroundingsWarnings({}, join(path, "srs.pid")).length;
    });
    expect(warned).toEqual([0, 1, 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
