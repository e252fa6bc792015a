import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../../../src/app/control.ts";
import { UserError } from "../../../src/base/errors.ts";
import { listenControl } from "../../../src/io/net/control.ts";
import { WAIT_LIMIT_MS } from "../../support/limits.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("an answer of another program in the server's place is told as such", async () => {
  const answers = ["not JSON", "null", "1", '{"ok":1,"lines":[]}', '{"ok":true}', '{"ok":true,"lines":[1]}'];
  for (const answer of answers) {
    const server = await listenControl(join(folder, "a.sock"), () => answer);
    const asked = command(join(folder, "a.pid"), "reload", "", WAIT_LIMIT_MS);
    await expect(asked).rejects.toThrow(UserError);
    await expect(asked).rejects.toThrow(`what answers on ${join(folder, "a.sock")} is not srs`);
    server.stop();
  }
});

test("a server's answer is what it says", async () => {
  const answer = { ok: false, lines: ["one", "two"] };
  const server = await listenControl(join(folder, "b.sock"), () => JSON.stringify(answer));
  expect(await command(join(folder, "b.pid"), "upgrade", "", WAIT_LIMIT_MS)).toEqual(answer);
  server.stop();
});
