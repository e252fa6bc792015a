import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../../src/base/errors.ts";
import { noSecrets } from "../../../../src/base/secrets.ts";
import { Logging, type LogSettings } from "../../../../src/io/log/logging.ts";

/** Log files in a directory of their own. */
function stage() {
  const directory = mkdtempSync(join(tmpdir(), "srs-log-"));
  const path = (name: string) => join(directory, name);
  const settings = (name: string, more: Partial<LogSettings> = {}): LogSettings => ({
    level: "info",
    format: "text",
    file: path(name),
    ...more,
  });
  return {
    path,
    settings,
    read: (name: string) => readFileSync(path(name), "utf8"),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

const start = (settings: LogSettings) => new Logging(settings, noSecrets, () => 0, undefined);

test("a log file is made writable for its owner only, and appended to", async () => {
  using place = stage();
  for (const message of ["first", "second"]) {
    const logging = start(place.settings("a.log"));
    logging.log.info(message);
    await logging.flush();
  }
  expect(place.read("a.log")).toMatch(/INFO {2}first\n.*INFO {2}second\n$/);
  expect(statSync(place.path("a.log")).mode & 0o777 & ~0o640).toBe(0);
});

test("a prepared change has no effect until it is applied, and none when it is discarded", async () => {
  using place = stage();
  const logging = start(place.settings("a.log"));
  const never = logging.prepare(place.settings("b.log", { level: "error" }), noSecrets);
  const change = logging.prepare(place.settings("c.log", { format: "json", level: "debug" }), noSecrets);
  logging.log.info("before");
  never.discard();
  await logging.flush();
  change.apply();
  logging.log.debug("after");
  await logging.flush();
  expect(place.read("a.log")).toMatch(/INFO {2}before\n$/);
  expect(place.read("b.log")).toBe("");
  expect(JSON.parse(place.read("c.log"))).toEqual({ time: "1970-01-01T00:00:00.000Z", level: "debug", msg: "after" });
});

test("a file that can't be written is an error for the operator, at the start and later", () => {
  using place = stage();
  const nowhere = place.settings("none/a.log");
  const message = `cannot write the log to ${nowhere.file}: its directory does not exist`;
  expect(() => start(nowhere)).toThrow(new UserError(message));
  expect(() => start(place.settings("a.log")).prepare(nowhere, noSecrets)).toThrow(new UserError(message));
});

test("a renamed file is left for a new one", async () => {
  using place = stage();
  const logging = start(place.settings("a.log"));
  logging.log.info("before");
  await logging.flush();
  renameSync(place.path("a.log"), place.path("a.log.1"));
  logging.log.info("between");
  await logging.flush();
  logging.reopen();
  await logging.flush();
  expect(place.read("a.log.1")).toMatch(/before\n.*between\n$/);
  expect(place.read("a.log")).toMatch(/log reopened file=/);
  expect(logging.lost).toBe(0);
});
