import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateFile } from "../../../../src/io/files/state-file.ts";

/** Runs a test with a folder of its own. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "srs-state-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("A state file is read as it was written, is readable by its user alone, and leaves no other file", () =>
  inFolder(async (folder) => {
    const file = new StateFile(join(folder, "state.json"));
    expect(file.read()).toBeUndefined();
    await file.write("one");
    await file.write("two");
    expect([file.read(), statSync(file.path).mode & 0o777]).toEqual(["two", 0o600]);
    expect(readdirSync(folder)).toEqual(["state.json"]);
  }));

test("A state file is written into a folder that is made for it", () =>
  inFolder(async (folder) => {
    const file = new StateFile(join(folder, "var", "lib", "state.json"));
    await file.write("x");
    expect(file.read()).toBe("x");
  }));

test("A state file that can't be written names the reason, and a link in its way is not followed", () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, "victim"), "old");
    await expect(new StateFile(join(folder, "victim", "state.json")).write("x")).rejects.toThrow("cannot write");
    const file = new StateFile(join(folder, "state.json"));
    symlinkSync(join(folder, "victim"), `${file.path}.${process.pid}.new`);
    await file.write("x");
    expect([file.read(), new StateFile(join(folder, "victim")).read()]).toEqual(["x", "old"]);
  }));
