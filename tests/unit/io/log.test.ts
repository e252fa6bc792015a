import { expect, test } from "bun:test";
import { createLog } from "../../../src/io/log.ts";

function capture(level: Parameters<typeof createLog>[1]) {
  const lines: string[] = [];
  const wall = new Date(2026, 10, 23, 1, 2, 3, 456).getTime();
  const log = createLog(
    { write: (line) => lines.push(line.slice("2026-11-23 01:02:03.456 ".length)) },
    level,
    () => wall,
  );
  return { lines, log };
}

test("levels below the chosen one are left out", () => {
  const { lines, log } = capture("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  expect(lines).toEqual(["WARN  c", "ERROR d"]);
});

test("a log with an id has it in each line, and follows a change of the level", () => {
  const { lines, log } = capture("info");
  const connection = log.with("c17");
  connection.debug("left out");
  log.setLevel("debug");
  connection.debug("kept", { bytes: 3 });
  connection.with("r2").info("another id");
  expect(lines).toEqual(["DEBUG [c17] kept bytes=3", "INFO  [r2] another id"]);
});
