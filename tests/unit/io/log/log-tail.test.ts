import { expect, test } from "bun:test";
import { noSecrets } from "../../../../src/base/secrets.ts";
import { createLog } from "../../../../src/io/log/log.ts";
import { textLine } from "../../../../src/io/log/log-line.ts";
import { LogTail } from "../../../../src/io/log/log-tail.ts";

function tailOf(capacity: number) {
  const tail = new LogTail(capacity);
  const lines: string[] = [];
  const setup = { level: "info", format: textLine, secrets: noSecrets } as const;
  const log = createLog({ write: (line) => void lines.push(line) }, setup, () => 1000, tail);
  return { tail, log, lines };
}

test("The tail has the written lines, with secrets masked", () => {
  const { tail, log, lines } = tailOf(10);
  log.with("c7").warn("publish refused", { url: "rtmp://h/live/show?token=secret" });
  log.debug("left out");
  expect(tail.after(0)).toEqual([{ number: 1, time: 1000, level: "warn", line: lines[0] ?? "" }]);
  expect(lines[0]).toContain("[c7]");
  expect(lines[0]).not.toContain("token=secret");
});

test("The tail keeps only the last lines, up to its maximum", () => {
  const { tail, log } = tailOf(3);
  for (let at = 1; at <= 8; at++) log.info(`line ${at}`);
  expect(tail.after(0).map(({ number }) => number)).toEqual([6, 7, 8]);
  expect(tail.after(7).map(({ number }) => number)).toEqual([8]);
  expect(tail.after(8)).toEqual([]);
});

test("A reader with a greater line number than the log has read an earlier process's lines, and gets all", () => {
  const { tail, log } = tailOf(3);
  for (let at = 1; at <= 4; at++) log.info(`line ${at}`);
  expect(tail.after(5).map(({ number }) => number)).toEqual([2, 3, 4]);
});
