import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { receiveFailure, sendFailure } from "../../../src/app/start-failure.ts";
import { UserError } from "../../../src/base/errors.ts";

function folder() {
  const path = mkdtempSync(join(tmpdir(), "srs-failure-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("each reason why the start failed is a line with secrets masked, and no file is left behind", async () => {
  using place = folder();
  const path = join(place.path, "x.sock");
  const receiver = await receiveFailure(path);
  expect(receiver.lines).toEqual([]);
  await sendFailure(path, new UserError("cannot listen on 1935\n  cannot dial rtmp://a/b?key=secret"));
  expect(receiver.lines).toEqual(["cannot listen on 1935", "cannot dial rtmp://a/b?***"]);
  receiver.stop();
  expect(readdirSync(place.path)).toEqual([]);
});

test("of very many reasons, the first are printed", async () => {
  using place = folder();
  const path = join(place.path, "x.sock");
  const receiver = await receiveFailure(path);
  const all = Array.from({ length: 1000 }, (_, at) => `mistake ${at} of many`);
  await sendFailure(path, new UserError(all.join("\n")));
  expect(receiver.lines.length).toBeGreaterThan(50);
  expect(receiver.lines).toEqual(all.slice(0, receiver.lines.length));
  receiver.stop();
});

test("the reasons of a failed start are sent without an error if nobody listens", async () => {
  using place = folder();
  await sendFailure(join(place.path, "x.sock"), new Error("no"));
});
