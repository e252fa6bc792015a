import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openServedFile } from "../../../../src/io/files/served-file.ts";

let around: string;
let folder: string;
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), "srs-served-"));
  folder = join(around, "www");
  mkdirSync(join(folder, "sub"), { recursive: true });
  writeFileSync(join(folder, "a.txt"), "0123456789");
  writeFileSync(join(around, "secret"), "secret");
});
afterEach(() => rmSync(around, { recursive: true }));

async function textAt(path: string): Promise<string | undefined> {
  const file = await openServedFile(folder, path);
  if (typeof file !== "object") return file;
  const bytes = await file.read(0, 100);
  file.close();
  return new TextDecoder().decode(bytes);
}

test("a file is read in parts, and a folder is reported as one", async () => {
  const file = await openServedFile(folder, "/a.txt");
  if (typeof file !== "object") throw new Error("there is no file");
  expect([file.size, new TextDecoder().decode(await file.read(3, 4))]).toEqual([10, "3456"]);
  truncateSync(join(folder, "a.txt"), 4);
  expect([...(await file.read(3, 4))]).toEqual([0x33]);
  file.close();
  file.close();
  expect([await textAt("/sub"), await textAt("/")]).toEqual(["folder", "folder"]);
});

test("a missing path, a path below a file, and endless names have no file", async () => {
  const paths = ["/b", "/a.txt/", "/a.txt/b", `/${"x".repeat(300)}`, `/${"x/".repeat(4000)}`];
  for (const path of paths) expect([path, await textAt(path)]).toEqual([path, undefined]);
});

test("a link leads to files of the folder and to no others", async () => {
  symlinkSync(join(folder, "a.txt"), join(folder, "sub", "inside"));
  symlinkSync(join(around, "secret"), join(folder, "outside"));
  symlinkSync(around, join(folder, "up"));
  symlinkSync("loop", join(folder, "loop"));
  expect([
    await textAt("/sub/inside"),
    await textAt("/outside"),
    await textAt("/up/secret"),
    await textAt("/loop"),
  ]).toEqual(["0123456789", undefined, undefined, undefined]);
  // A folder beside it that begins with the same letters is another.
  mkdirSync(`${folder}2`);
  writeFileSync(join(`${folder}2`, "b"), "b");
  symlinkSync(join(`${folder}2`, "b"), join(folder, "beside"));
  expect(await textAt("/beside")).toBeUndefined();
});

test("the folder itself may be a link", async () => {
  symlinkSync(folder, join(around, "link"));
  const file = await openServedFile(join(around, "link"), "/a.txt");
  expect(typeof file).toBe("object");
  if (typeof file === "object") file.close();
});

test("a pipe is not served, and not waited for", async () => {
  expect(Bun.spawnSync(["mkfifo", join(folder, "pipe")]).exitCode).toBe(0);
  expect(await textAt("/pipe")).toBeUndefined();
});

test("files beyond the maximum of open ones are refused until some are closed", async () => {
  const files = await Promise.all(Array.from({ length: 300 }, () => openServedFile(folder, "/a.txt")));
  const open = files.filter((file) => typeof file === "object");
  expect([open.length, files.filter((file) => file === "busy").length]).toEqual([256, 44]);
  for (const file of open) file.close();
  let text: string | undefined = "busy";
  while (text === "busy") {
    await Bun.sleep(1);
    text = await textAt("/a.txt");
  }
  expect(text).toBe("0123456789");
});
