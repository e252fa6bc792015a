import { expect, test } from "bun:test";
import { noSecrets, Secrets } from "../../../../src/base/secrets.ts";
import { createLog, type LogLevel } from "../../../../src/io/log/log.ts";
import { jsonLine } from "../../../../src/io/log/log-json.ts";
import { textLine } from "../../../../src/io/log/log-line.ts";

function capture(level: LogLevel, secrets = noSecrets) {
  const lines: string[] = [];
  const wall = new Date(2026, 10, 23, 1, 2, 3, 456).getTime();
  const log = createLog(
    { write: (line) => lines.push(line.replace("2026-11-23 01:02:03.456 ", "")) },
    { level, format: textLine, secrets },
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

test("a log with an id has it in each line, and follows a change of level and format", () => {
  const { lines, log } = capture("info");
  const connection = log.with("c17");
  connection.debug("left out");
  log.configure({ level: "debug", format: textLine, secrets: noSecrets });
  connection.debug("kept", { bytes: 3 });
  connection.with("r2").info("another id");
  log.configure({ level: "debug", format: jsonLine, secrets: noSecrets });
  connection.info("an object");
  expect(lines.slice(0, 2)).toEqual(["DEBUG [c17] kept bytes=3", "INFO  [r2] another id"]);
  expect(JSON.parse(lines[2] ?? "")).toMatchObject({ level: "info", id: "c17", msg: "an object" });
});

test("every line is masked, in all logs", () => {
  const { lines, log } = capture("info", new Secrets(["hunter2hunter2"]));
  log.info("see rtmp://h/live/KEY?a=b", { url: "rtmp://h/live?token=t", note: "hunter2hunter2" });
  log
    .with("f1", new Secrets(["KEY-1"]))
    .warn("failed", { error: "no such stream: KEY-1", stream: "/live/hunter2hunter2" });
  expect(lines).toEqual([
    "INFO  see rtmp://h/live/*** url=rtmp://h/live?*** note=***",
    'WARN  [f1] failed error="no such stream: ***" stream=/live/***',
  ]);
  lines.length = 0;
  log.info("x", { stream_key: "abc", token: "def", secret: 1, keyframe: "yes" });
  expect(lines).toEqual(["INFO  x stream_key=*** token=*** secret=1 keyframe=yes"]);
});

test("the masked secrets change with a reload", () => {
  const { lines, log } = capture("info");
  log.info("x", { note: "secret-of-old" });
  log.configure({ level: "info", format: textLine, secrets: new Secrets(["secret-of-old"]) });
  log.with("c1").info("x", { note: "secret-of-old" });
  expect(lines).toEqual(["INFO  x note=secret-of-old", "INFO  [c1] x note=***"]);
});
