import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hearFailure, tellFailure } from "../../../src/app/start-failure.ts";
import { UserError } from "../../../src/base/errors.ts";

function folder() {
  const path = mkdtempSync(join(tmpdir(), "srs-failure-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("each reason is a line, with what is secret masked, and nothing is left behind", async () => {
  using place = folder();
  const path = join(place.path, "x.sock");
  const ear = await hearFailure(path);
  expect(ear.lines).toEqual([]);
  await tellFailure(path, new UserError("cannot listen on 1935\n  cannot dial rtmp://a/b?key=secret"));
  expect(ear.lines).toEqual(["cannot listen on 1935", "cannot dial rtmp://a/b?***"]);
  ear.stop();
  expect(readdirSync(place.path)).toEqual([]);
});

test("of very many reasons, the first come", async () => {
  using place = folder();
  const path = join(place.path, "x.sock");
  const ear = await hearFailure(path);
  const all = Array.from({ length: 1000 }, (_, at) => `mistake ${at} of many`);
  await tellFailure(path, new UserError(all.join("\n")));
  expect(ear.lines.length).toBeGreaterThan(50);
  expect(ear.lines).toEqual(all.slice(0, ear.lines.length));
  ear.stop();
});

test("nobody has to listen", async () => {
  using place = folder();
  await tellFailure(join(place.path, "x.sock"), new Error("no"));
});
