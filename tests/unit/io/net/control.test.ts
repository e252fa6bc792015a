import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../../src/base/errors.ts";
import { writePidFile } from "../../../../src/io/files/pid-file.ts";
import { askControl, listenControl } from "../../../../src/io/net/control.ts";
import { WAIT_LIMIT_MS } from "../../../support/limits.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-control-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const path = () => join(folder, `${++count}.sock`);

test("a request line gets its answer line, however long; only this user may ask", async () => {
  const at = path();
  const server = await listenControl(at, async (request) => request.repeat(100_000));
  expect(statSync(at).mode & 0o777).toBe(0o600);
  expect(await askControl(at, "what is it?", WAIT_LIMIT_MS)).toBe("what is it?".repeat(100_000));
  server.stop();
  expect(existsSync(at)).toBe(false);
});

test("there is no answer without a listener: no file, no server behind it, no folder", async () => {
  const left = path();
  const gone = Bun.spawn([
    process.execPath,
    "-e",
    `Bun.listen({ unix: "${left}", socket: { data() {} } }); process.exit(0)`,
  ]);
  await gone.exited;
  expect(existsSync(left)).toBe(true);
  expect(await askControl(left, "x", WAIT_LIMIT_MS)).toBeUndefined();
  expect(await askControl(path(), "x", WAIT_LIMIT_MS)).toBeUndefined();
  writeFileSync(join(folder, "file"), "");
  expect(await askControl(join(folder, "file", "x.sock"), "x", WAIT_LIMIT_MS)).toBeUndefined();
});

test("a server replaces another at its path, and the other's end leaves the new socket", async () => {
  const at = path();
  const old = await listenControl(at, () => "old");
  const young = await listenControl(at, () => "young");
  expect(await askControl(at, "x", WAIT_LIMIT_MS)).toBe("young");
  old.stop();
  expect(await askControl(at, "x", WAIT_LIMIT_MS)).toBe("young");
  young.stop();
  expect(existsSync(at)).toBe(false);
});

test("an answer that does not come, or breaks, is an error", async () => {
  const at = path();
  const server = await listenControl(at, (request) => {
    if (request === "wait") return new Promise<string>(() => {});
    throw new Error("broken");
  });
  await expect(askControl(at, "wait", 50)).rejects.toThrow(new UserError(`no answer on ${at}: nothing within 0.05 s`));
  await expect(askControl(at, "break", WAIT_LIMIT_MS)).rejects.toThrow("it closed the connection");
  server.stop();
});

test("a client that sends too much, or closes at once, has no effect on others", async () => {
  const at = path();
  const server = await listenControl(at, () => "answer");
  const closed = Promise.withResolvers<void>();
  const loud = net.connect(at).on("close", () => closed.resolve());
  loud.on("error", () => {});
  loud.write("x".repeat(100_000));
  net.connect(at).destroy();
  await closed.promise;
  expect(await askControl(at, "x", WAIT_LIMIT_MS)).toBe("answer");
  server.stop();
});

test("a path that can't be used is an error for the operator", async () => {
  await expect(listenControl("/nowhere/x.sock", () => "")).rejects.toThrow(UserError);
  await expect(listenControl(join(folder, "x".repeat(200)), () => "")).rejects.toThrow(UserError);
});

test("no other user may connect at any moment, and links that others have planted are not followed", async () => {
  const at = path();
  const modes = new Set<number>();
  const watching = setInterval(() => {
    const beside = statSync(`${at}.${process.pid}`, { throwIfNoEntry: false });
    if (beside !== undefined) modes.add(beside.mode & 0o777);
  }, 0);
  const umask = process.umask(0o000);
  try {
    const listening = listenControl(at, () => "yes");
    const beside = statSync(`${at}.${process.pid}`, { throwIfNoEntry: false });
    if (beside !== undefined) modes.add(beside.mode & 0o777);
    const server = await listening;
    modes.add(statSync(at).mode & 0o777);
    server.stop();
  } finally {
    process.umask(umask);
    clearInterval(watching);
  }
  expect([...modes]).toEqual([0o600]);

  const victim = join(folder, "victim");
  writeFileSync(victim, "mine");
  const pid = join(folder, "srs.pid");
  symlinkSync(victim, `${pid}.${process.pid}.new`);
  writePidFile(pid);
  expect([readFileSync(victim, "utf8"), readFileSync(pid, "utf8")]).toEqual(["mine", `${process.pid}\n`]);
});
