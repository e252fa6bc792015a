import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStore } from "../../../../src/io/files/file-store.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-file-store-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

test("a file is written whole, with missing folders, and replaces an older one", async () => {
  const path = join(folder, "a/b/c.ts");
  for (const text of ["first", "2nd"]) {
    await fileStore.write(path, new TextEncoder().encode(text));
    expect(readFileSync(path, "utf8")).toBe(text);
  }
  expect(readdirSync(join(folder, "a/b"))).toEqual(["c.ts"]);
  expect(await fileStore.list(join(folder, "a/b"))).toEqual(["c.ts"]);
});

test("removing a missing file succeeds, and a missing folder has no files", async () => {
  await fileStore.remove(join(folder, "nothing"));
  expect(await fileStore.list(join(folder, "nowhere"))).toEqual([]);
});

test("errors are sentences, and leave no unfinished file", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(fileStore.write(join(folder, "file/x.ts"), new Uint8Array(1))).rejects.toThrow("no such file");
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
